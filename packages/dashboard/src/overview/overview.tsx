import { isListed, labCount, link } from '../live/live-labs.js';
import { words } from '../settings/settings.js';
import { setParameters } from '../shell/place.js';
import { EmptyState } from './empty-state.js';
import { FilterBar } from './filter-bar.js';
import { LedgerLine } from './ledger-line.js';
import { rows } from './rows.js';
import { SimulationNotice } from './simulation.js';
import { TILE_HEIGHT, Tile } from './tile.js';
import { VirtualGrid } from './virtual-grid.js';

/** `/`: a tile for each lab, trouble first. */
export function Overview() {
  const { overview } = words.value;
  if (labCount.value === 0)
    return isListed.value ? (
      <EmptyState />
    ) : (
      <div class="waiting" aria-busy={link.value.state === 'connecting'} />
    );
  return (
    <>
      <h1 class="sr">{overview.title}</h1>
      <LedgerLine />
      <SimulationNotice />
      <FilterBar />
      {rows.value.length === 0 ? (
        <p class="none-found">
          {overview.noneFound}{' '}
          <button type="button" onClick={() => setParameters({ q: undefined, show: undefined })}>
            {overview.clear}
          </button>
        </p>
      ) : (
        <VirtualGrid
          sections={rows.value}
          itemHeight={TILE_HEIGHT}
          itemWidthMin={164}
          render={(id) => <Tile key={id} id={id} />}
        />
      )}
    </>
  );
}
