/** Last resort of a route: a bug, or a chunk of an older version that is gone. */
import { useRouteError } from "react-router";
import { Button } from "@/ui/Button";

const isMissingChunk = (error: unknown): boolean =>
  error instanceof TypeError && /import/i.test(error.message);

export function RouteError() {
  const error = useRouteError();
  const outdated = isMissingChunk(error);
  const detail = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" className="mx-auto flex max-w-xl flex-col items-center gap-3 px-6 py-24 text-center">
      <h1 className="text-xl font-semibold">
        {outdated ? "This page was updated" : "This page broke"}
      </h1>
      <p className="text-sm text-body">
        {outdated ? "A newer version was installed while it was open." : detail}
      </p>
      <Button tone="primary" onClick={() => location.reload()}>
        Reload
      </Button>
    </div>
  );
}
