import { useEffect } from 'preact/hooks';
import { labCount, link } from '../live/live-labs.js';
import { Overview } from '../overview/overview.js';
import { words } from '../settings/settings.js';
import { Header } from './header.js';
import { lazy } from './lazy.js';
import { LinkNotice } from './link-notice.js';
import { path } from './place.js';

const LabPage = lazy(() => import('../lab-page/lab-page.js').then((module) => module.LabPage));
const HoursPage = lazy(() => import('../hours/hours-page.js').then((module) => module.HoursPage));
const RangesPage = lazy(() => import('../ranges/ranges-page.js').then((module) => module.RangesPage));
const OperationsPage = lazy(() =>
  import('../operations/operations-page.js').then((module) => module.OperationsPage),
);
const WallPage = lazy(() => import('../wall/wall-page.js').then((module) => module.WallPage));
const PaperPage = lazy(() => import('../paper/paper-page.js').then((module) => module.PaperPage));
const SignInPage = lazy(() => import('../access/sign-in-page.js').then((module) => module.SignInPage));

/** The page that the URL names, in its frame. */
export function App() {
  const { nav } = words.value;
  const [, page = '', ...rest] = path.value.split('/');
  const lab = rest.map(decodeURIComponent).join('/');
  const title = lab === '' ? titleOf(page) : lab;
  useEffect(() => {
    document.title = `${title} · humtemp`;
  }, [title]);
  if (link.value.state === 'signed_out' || page === 'sign-in') return <SignInPage />;
  if (page === 'wall') return <WallPage />;
  return (
    <>
      <a class="skip" href="#content">
        {nav.skip}
      </a>
      <Header page={page} />
      <LinkNotice />
      <main id="content" tabIndex={-1} data-labs={labCount.value}>
        {page === '' && <Overview />}
        {page === 'lab' && <LabPage key={lab} id={lab} />}
        {page === 'paper' && <PaperPage key={lab} id={lab} />}
        {page === 'hours' && <HoursPage />}
        {page === 'ranges' && <RangesPage />}
        {page === 'operations' && <OperationsPage />}
      </main>
    </>
  );
}

function titleOf(page: string): string {
  const { nav } = words.value;
  if (page === 'hours') return nav.hours;
  if (page === 'ranges') return nav.ranges;
  if (page === 'operations') return nav.operations;
  return page === 'wall' ? nav.wall : nav.overview;
}
