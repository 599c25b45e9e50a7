export function WallPage(_props: { readonly id?: string }) {
  return <p>WallPage</p>;
}
