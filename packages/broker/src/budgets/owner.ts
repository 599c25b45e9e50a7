/** Groups of an IPv6 address that one subscriber of a provider is given. */
const NETWORK_GROUPS = 4;

/** Whose memory and connections are counted together: an account. */
export function ownerOfAccount(username: string): string {
  return `account ${username}`;
}

/** Whose memory and connections are counted together without an account: an IPv4 address, or the network of an IPv6 one. */
export function ownerOfAddress(address: string): string {
  return `address ${networkOf(address)}`;
}

/** An IPv4 address, or the first 64 bits of an IPv6 one: whoever has one of those has them all. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const behind = tail === '' ? [] : tail.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  const first = groups.slice(0, NETWORK_GROUPS);
  // Loopback is a machine, and no network.
  if (address === '::1') return address;
  return `${first.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
