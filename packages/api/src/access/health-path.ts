/** Whether a path asks for the health of this process. */
export function isHealth(path: string): boolean {
  return path === '/livez' || path === '/readyz';
}
