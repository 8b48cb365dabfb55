/** Which jobs of the list are chosen: single ones, or all that the filters find. Knows no React. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** Where a range with shift begins. */
  anchor: string | null;
  /** All that match, also on pages that are not in sight. */
  all: boolean;
}

export const NOTHING: Selection = { ids: new Set(), anchor: null, all: false };

export const isEmpty = ({ ids, all }: Selection): boolean => !all && ids.size === 0;

export type PageState = "all" | "some" | "none";

export function pageState({ ids, all }: Selection, page: string[]): PageState {
  const chosen = page.filter((id) => ids.has(id)).length;
  if (all || (chosen === page.length && chosen > 0)) return "all";
  return chosen > 0 ? "some" : "none";
}

function between(page: string[], from: string, to: string): string[] {
  const [a, b] = [page.indexOf(from), page.indexOf(to)].toSorted((x, y) => x - y);
  return a === undefined || b === undefined || a < 0 ? [to] : page.slice(a, b + 1);
}

const altered = (ids: ReadonlySet<string>, changed: string[], on: boolean): Set<string> =>
  on ? new Set([...ids, ...changed]) : new Set([...ids].filter((id) => !changed.includes(id)));

/** Turn one; with `range` all from the one turned before, in the order of the page. */
export function toggle(selection: Selection, page: string[], id: string, range: boolean): Selection {
  const before = selection.all ? new Set(page) : selection.ids;
  const on = !before.has(id);
  const changed = range && selection.anchor !== null ? between(page, selection.anchor, id) : [id];
  return { ids: altered(before, changed, on), anchor: id, all: false };
}

/** All of the page, or none of it where all were chosen. */
export function togglePage(selection: Selection, page: string[]): Selection {
  const on = pageState(selection, page) !== "all";
  return { ids: altered(selection.all ? new Set() : selection.ids, page, on), anchor: null, all: false };
}
