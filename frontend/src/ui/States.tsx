/** What stands where data should: nothing yet, a failure, an old answer. */
import { CircleAlert, WifiOff } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/errors";
import { Button } from "@/ui/Button";
import { formatClock } from "@/lib/time";

export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="mx-auto flex max-w-xl flex-col gap-3 px-6 py-14 text-center">
      <h2 className="text-base font-medium">{title}</h2>
      <div className="flex flex-col gap-3 text-sm text-muted">{children}</div>
    </div>
  );
}

const requestIdOf = (error: Error): string | null =>
  error instanceof ApiError ? error.requestId : null;

interface ErrorStateProps {
  what: string;
  error: Error;
  onRetry: () => void;
}

export function ErrorState({ what, error, onRetry }: ErrorStateProps) {
  const requestId = requestIdOf(error);
  return (
    <div role="alert" className="mx-auto flex max-w-xl flex-col items-center gap-3 px-6 py-14 text-center">
      <CircleAlert className="size-5 text-danger" aria-hidden />
      <h2 className="text-base font-medium">Loading {what} failed</h2>
      <p className="text-sm text-body">{error.message}</p>
      {requestId && <p className="font-mono text-xs text-muted">request {requestId}</p>}
      <Button onClick={onRetry}>Retry</Button>
    </div>
  );
}

/** Above data that could not be renewed. */
export function StaleNotice({ error, updatedAt, onRetry, what }: ErrorStateProps & { updatedAt: number }) {
  const requestId = requestIdOf(error);
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-orange-300 bg-orange-50 px-3 py-1.5 text-sm text-orange-800 dark:border-orange-800 dark:bg-orange-950 dark:text-orange-200"
    >
      <WifiOff className="size-3.5" aria-hidden />
      <span>
        Renewing {what} failed: {error.message} Shown as of {formatClock(updatedAt)}.
      </span>
      {requestId && <span className="font-mono text-xs">request {requestId}</span>}
      <button type="button" onClick={onRetry} className="ml-auto font-medium underline underline-offset-2">
        Retry
      </button>
    </div>
  );
}
