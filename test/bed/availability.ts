/** Whether a component is on this machine or can be had; the reason is for a person to act upon. */
export type Availability = { readonly available: true } | { readonly available: false; readonly reason: string };

export const linux: Availability = process.platform === 'linux' ? { available: true } : { available: false, reason: 'needs Linux' };
