import { fixed } from '../format/measures.js';
import { labCount, ledger } from '../live/live-labs.js';
import { locale, words } from '../settings/settings.js';

/** How many labs, how fast, and the fate of every observation as a sum that anybody can check. */
export function LedgerLine() {
  const { ledger: said, labs, perSecond } = words.value;
  const count = (value: number) => fixed(value, 0, locale.value);
  const known = ledger.value;
  const rejected =
    known === undefined ? 0 : sum(Object.values(known.ledger.rejected as Record<string, number>));
  return (
    <section class="ledger-line" aria-label={said.label}>
      <p class="ledger-counts">
        <b>{labs(labCount.value, count(labCount.value))}</b>
        {known?.perSecond !== undefined && (
          <span>{perSecond(fixed(known.perSecond, known.perSecond < 10 ? 1 : 0, locale.value))}</span>
        )}
      </p>
      {known !== undefined && (
        <p class="equation">
          <Term value={count(known.ledger.received)} name={said.received} />
          <i>=</i>
          <Term value={count(known.ledger.committed)} name={said.committed} />
          <i>+</i>
          <Term value={count(known.ledger.duplicate)} name={said.duplicate} />
          <i>+</i>
          <a href="/operations#rejections" data-page class={rejected > 0 ? 'has-rejected' : ''}>
            <Term value={count(rejected)} name={said.rejected} />
          </a>
          <i>+</i>
          <Term value={count(known.ledger.in_flight)} name={said.in_flight} />
          <span class="balance" data-balanced={known.ledger.balanced}>
            {known.ledger.balanced
              ? said.balanced
              : said.unbalanced(
                  count(
                    known.ledger.received -
                      known.ledger.committed -
                      known.ledger.duplicate -
                      rejected -
                      known.ledger.in_flight,
                  ),
                )}
          </span>
        </p>
      )}
    </section>
  );
}

function Term({ value, name }: { readonly value: string; readonly name: string }) {
  return (
    <span class="term">
      <b>{value}</b> <small>{name}</small>
    </span>
  );
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
