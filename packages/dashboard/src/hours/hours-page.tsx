export function HoursPage(_props: { readonly id?: string }) {
  return <p>HoursPage</p>;
}
