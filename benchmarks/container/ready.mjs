export const handler = () => 'ready';
