import { computed, signal } from '@preact/signals';

const here = signal(window.location.href);
window.addEventListener('popstate', () => {
  here.value = window.location.href;
});

/** Where the page is. All of its state that is worth a link stands here. */
export const place = computed(() => new URL(here.value));
export const path = computed(() => place.value.pathname);

/** A parameter of the URL; undefined where it is not given. */
export function parameter(name: string): string | undefined {
  return place.value.searchParams.get(name) ?? undefined;
}

/** This URL with other parameters; undefined takes one away. */
export function hrefWith(
  changes: Readonly<Record<string, string | undefined>>,
  pathname = path.value,
): string {
  const { searchParams } = new URL(here.value);
  for (const [name, value] of Object.entries(changes))
    if (value === undefined || value === '') searchParams.delete(name);
    else searchParams.set(name, value);
  // Both are read easily in a URL, and mean nothing there.
  const query = searchParams.toString().replaceAll('%3A', ':').replaceAll('%2F', '/');
  return query === '' ? pathname : `${pathname}?${query}`;
}

/** Changes parameters in place; with `asStep`, Back leads to what was before. */
export function setParameters(changes: Readonly<Record<string, string | undefined>>, asStep = false): void {
  navigate(hrefWith(changes), asStep ? 'step' : 'same');
}

export function navigate(href: string, how: 'step' | 'same' = 'step'): void {
  // Charts that move together ask twice; Back must not have to be pressed twice.
  if (new URL(href, here.value).href === here.value) return;
  if (how === 'step') window.history.pushState(null, '', href);
  else window.history.replaceState(null, '', href);
  here.value = window.location.href;
}

/** Lets links within the page change it without a new load. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey)
      return;
    const link = (event.target as Element).closest?.('a[data-page]');
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    navigate(link.href);
    window.scrollTo(0, 0);
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  });
}

/** The page of a lab. The slashes of an id stay as they are. */
export function labHref(id: string, page: 'lab' | 'paper' = 'lab'): string {
  return `/${page}/${id.split('/').map(encodeURIComponent).join('/')}`;
}
