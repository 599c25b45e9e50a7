export function RangesPage(_props: { readonly id?: string }) {
  return <p>RangesPage</p>;
}
