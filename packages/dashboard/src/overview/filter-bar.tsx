import { fixed } from '../format/measures.js';
import { CONDITIONS } from '../lab/condition.js';
import { ConditionIcon } from '../lab/condition-icon.js';
import { locale, words } from '../settings/settings.js';
import { setParameters } from '../shell/place.js';
import { counts, hasGroups, isGrouped, ORDERS, order, type Show, search, show } from './rows.js';

/** Search, filter by condition, order and grouping. All of it stands in the URL. */
export function FilterBar() {
  const { overview } = words.value;
  return (
    <search class="filters">
      <input
        type="search"
        placeholder={overview.search}
        aria-label={overview.search}
        value={search.value}
        onInput={(e) => setParameters({ q: e.currentTarget.value })}
      />
      <div class="chips">
        <Chip value="all" />
        <Chip value="trouble" />
        {CONDITIONS.map((condition) => (
          <Chip key={condition} value={condition} />
        ))}
      </div>
      <label class="order">
        <span class="sr">{overview.order}</span>
        <select
          value={order.value}
          onChange={({ currentTarget: { value } }) =>
            setParameters({ order: value === 'trouble' ? undefined : value })
          }
        >
          {ORDERS.map((one) => (
            <option key={one} value={one}>
              {overview.orders[one]}
            </option>
          ))}
        </select>
      </label>
      {hasGroups.value && (
        <label class="group">
          <input
            type="checkbox"
            checked={isGrouped.value}
            onChange={(e) => setParameters({ group: e.currentTarget.checked ? 'yes' : undefined })}
          />
          {overview.group}
        </label>
      )}
    </search>
  );
}

/** A filter, where there is anything that it would show. */
function Chip({ value }: { readonly value: Show }) {
  const { overview, condition } = words.value;
  const count = counts.value.get(value) ?? 0;
  const isChosen = show.value === value;
  if (count === 0 && !isChosen && value !== 'all') return null;
  const isCondition = value !== 'all' && value !== 'trouble';
  return (
    <button
      type="button"
      class="chip"
      data-condition={isCondition ? value : undefined}
      aria-pressed={isChosen}
      onClick={() => setParameters({ show: value === 'all' || isChosen ? undefined : value })}
    >
      {isCondition && <ConditionIcon condition={value} />}
      {isCondition ? condition[value] : overview[value]} <b>{fixed(count, 0, locale.value)}</b>
    </button>
  );
}
