/** View state in the URL: filters, tab, open drawer. */
import { useCallback } from "react";
import { useSearchParams } from "react-router";

export type Changes = Record<string, string | string[] | null>;

function applied(search: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(search);
  for (const [name, value] of Object.entries(changes)) {
    next.delete(name);
    for (const item of Array.isArray(value) ? value : [value]) if (item) next.append(name, item);
  }
  return next;
}

/** The search parameters and a setter that leaves all others as they are. */
export function useUrl(): [URLSearchParams, (changes: Changes, push?: boolean) => void] {
  const [search, setSearch] = useSearchParams();
  const change = useCallback(
    (changes: Changes, push = false) =>
      setSearch((current) => applied(current, changes), { replace: !push }),
    [setSearch],
  );
  return [search, change];
}
