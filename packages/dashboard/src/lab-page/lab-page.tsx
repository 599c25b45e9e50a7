export function LabPage(_props: { readonly id?: string }) {
  return <p>LabPage</p>;
}
