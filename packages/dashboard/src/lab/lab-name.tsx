import type { Lab } from './lab.js';

/** What people call a lab, and the group that tells it from others of the same name. */
export function LabName({ lab, isGrouped = false }: { readonly lab: Lab; readonly isGrouped?: boolean }) {
  const { name, group, id } = lab;
  // An id that serves as the name says its group by itself.
  return group === '' || name === id || isGrouped ? (
    name
  ) : (
    <>
      {name} <small class="of-group">{group}</small>
    </>
  );
}
