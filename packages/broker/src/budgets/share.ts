/** Of what is counted, one account or address may have this part: three of four, so that a gateway may have most. */
export function shareOf(countMax: number): number {
  return Math.ceil((countMax * 3) / 4);
}
