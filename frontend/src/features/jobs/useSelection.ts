import { useState } from "react";
import * as selection from "@/features/jobs/selection";

/** What is chosen in a view; another view, by filter or tenant, begins with nothing. */
export function useSelection(view: string, page: string[]) {
  const [kept, setKept] = useState({ view, chosen: selection.NOTHING });
  const chosen = kept.view === view ? kept.chosen : selection.NOTHING;
  const set = (next: selection.Selection) => setKept({ view, chosen: next });
  return {
    chosen,
    page: selection.pageState(chosen, page),
    has: (id: string): boolean => chosen.all || chosen.ids.has(id),
    toggle: (id: string, range: boolean) => set(selection.toggle(chosen, page, id, range)),
    togglePage: () => set(selection.togglePage(chosen, page)),
    chooseAll: () => set({ ...chosen, all: true }),
    clear: () => set(selection.NOTHING),
  };
}

export type Choosing = ReturnType<typeof useSelection>;
