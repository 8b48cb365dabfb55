/** A query on screen: skeleton, failure, or data, which neither a refetch nor an error blanks. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorState, StaleNotice } from "@/ui/States";

interface Props<T> {
  query: UseQueryResult<T>;
  /** Completes "Loading … failed". */
  what: string;
  skeleton: ReactNode;
  children: (data: T) => ReactNode;
}

export function Loaded<T>({ query, what, skeleton, children }: Props<T>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    return query.error ? <ErrorState what={what} error={query.error} onRetry={retry} /> : skeleton;
  }
  return (
    <>
      {query.error && (
        <StaleNotice what={what} error={query.error} updatedAt={query.dataUpdatedAt} onRetry={retry} />
      )}
      {children(query.data)}
    </>
  );
}
