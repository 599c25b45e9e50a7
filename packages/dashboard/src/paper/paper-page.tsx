export function PaperPage(_props: { readonly id?: string }) {
  return <p>PaperPage</p>;
}
