/** What a process is: all in one, or one part. */
export type Role = 'start' | 'broker' | 'worker' | 'api';

export const ROLES: readonly Role[] = ['start', 'broker', 'worker', 'api'];

export function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}
