/** Whether a component is on this machine or can be installed. The reason tells a person what to do. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string };

export const linux: Availability = process.platform === 'linux' ? { available: true } : { available: false, reason: 'needs Linux' };
