export function OperationsPage(_props: { readonly id?: string }) {
  return <p>OperationsPage</p>;
}
