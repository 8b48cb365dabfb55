/** How far a bulk action is, and how each job fared. Which one stands in the URL as `?bulk=`. */
import { Check, CircleDashed, SearchX, X, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { useBulk, type Bulk, type BulkItem, type BulkResult, type Shown } from "@/api/bulk";
import { isStatus } from "@/api/errors";
import { KeptLink } from "@/app/tenant";
import { VERBS } from "@/features/jobs/bulkWords";
import { jobPath } from "@/features/jobs/JobTable";
import { cx } from "@/lib/cx";
import { formatCount, formatNumber, shortId } from "@/lib/format";
import { Age } from "@/ui/Age";
import { Button, IconButton } from "@/ui/Button";
import { Loaded } from "@/ui/Loaded";
import { SkeletonRows } from "@/ui/Skeleton";

interface Look {
  label: string;
  icon: LucideIcon;
  text: string;
}

const LOOKS: Record<BulkResult | "waiting", Look> = {
  done: { label: "Done", icon: Check, text: "text-green-700 dark:text-green-300" },
  refused: { label: "Refused", icon: X, text: "text-red-700 dark:text-red-300" },
  gone: { label: "Not there", icon: SearchX, text: "text-muted" },
  waiting: { label: "Waiting", icon: CircleDashed, text: "text-muted" },
};

function Item({ item }: { item: BulkItem }) {
  const look = LOOKS[item.result ?? "waiting"];
  return (
    <li className="flex h-8 items-center gap-3 border-b border-line px-4 text-sm last:border-b-0">
      <KeptLink to={jobPath(item.jobId)} className="font-mono text-xs hover:underline">
        {shortId(item.jobId)}
      </KeptLink>
      <span className={cx("flex w-24 items-center gap-1.5", look.text)}>
        <look.icon className="size-3.5" aria-hidden />
        {look.label}
      </span>
      <span className="min-w-0 truncate text-body">{item.detail}</span>
    </li>
  );
}

function Bar({ bulk }: { bulk: Bulk }) {
  const share = (number: number) => ({ width: `${(number / Math.max(bulk.total, 1)) * 100}%` });
  return (
    <div
      role="progressbar"
      aria-label="Progress of the bulk action"
      aria-valuemin={0}
      aria-valuemax={bulk.total}
      aria-valuenow={bulk.done}
      className="flex h-1.5 overflow-hidden rounded-full bg-gray-200 dark:bg-gray-800"
    >
      <span className="bg-green-600 transition-[width] duration-300" style={share(bulk.succeeded)} />
      <span className="bg-red-500 transition-[width] duration-300" style={share(bulk.failed)} />
    </div>
  );
}

interface ChoiceProps {
  bulk: Bulk;
  shown: Shown | null;
  show: (shown: Shown | null) => void;
}

function Choice({ bulk, shown, show }: ChoiceProps) {
  const parts: [Shown | null, string, number][] = [
    [null, "All", bulk.total],
    ["done", "Done", bulk.succeeded],
    ["failed", "Not done", bulk.failed],
    ["pending", "Waiting", bulk.pending],
  ];
  return (
    <div role="group" aria-label="Results" className="flex gap-1 text-sm">
      {parts.map(([part, label, count]) => (
        <button
          key={label}
          type="button"
          aria-pressed={shown === part}
          onClick={() => show(part)}
          className={cx(
            "h-7 rounded-sm px-2",
            shown === part ? "bg-gray-200/80 font-medium dark:bg-gray-700" : "text-body hover:bg-hover",
          )}
        >
          {label} <span className="font-mono text-xs text-muted">{formatNumber(count)}</span>
        </button>
      ))}
    </div>
  );
}

function headline({ action, total, succeeded, completedAt }: Bulk): string {
  const { label, done } = VERBS[action];
  if (completedAt === null) return `${label}: ${formatCount(total, "job")}`;
  return `${formatNumber(succeeded)} of ${formatCount(total, "job")} ${done}`;
}

function Content({ bulk, shown, show, page, onPage }: ChoiceProps & { page: string | null; onPage: (after: string | null) => void }) {
  return (
    <>
      <div className="flex flex-col gap-2 px-4 py-3">
        <div className="flex flex-wrap items-baseline gap-x-3">
          <h2 className="text-sm font-medium">{headline(bulk)}</h2>
          <span className="text-sm text-muted">
            {formatNumber(bulk.done)} / {formatNumber(bulk.total)} · by {bulk.actor}
            {bulk.completedAt !== null && (
              <>
                {" · ended "}
                <Age at={bulk.completedAt} />
              </>
            )}
          </span>
        </div>
        <Bar bulk={bulk} />
        <Choice bulk={bulk} shown={shown} show={show} />
      </div>
      <ul aria-label="Jobs of the bulk action" className="max-h-64 overflow-y-auto border-t border-line">
        {bulk.items.map((item) => (
          <Item key={item.jobId} item={item} />
        ))}
        {bulk.items.length === 0 && <li className="px-4 py-3 text-sm text-muted">None.</li>}
      </ul>
      {(bulk.next !== null || page !== null) && (
        <div className="flex justify-end gap-2 border-t border-line px-4 py-2">
          <Button disabled={page === null} onClick={() => onPage(null)}>First</Button>
          <Button disabled={bulk.next === null} onClick={() => onPage(bulk.next)}>Next</Button>
        </div>
      )}
    </>
  );
}

export default function BulkPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const [{ shown, after }, setView] = useState<{ shown: Shown | null; after: string | null }>({ shown: null, after: null });
  const bulk = useBulk(id, shown, after);
  return (
    <section aria-label="Bulk action" className="relative overflow-hidden rounded-md border border-line bg-surface">
      <IconButton label="Close the bulk action" onClick={onClose} className="absolute top-1.5 right-1.5">
        <X aria-hidden />
      </IconButton>
      {isStatus(bulk.error, 404) ? (
        <p className="px-4 py-3 text-sm text-muted">There is no such bulk action.</p>
      ) : (
        <Loaded query={bulk} what="the bulk action" skeleton={<SkeletonRows rows={3} />}>
          {(data) => (
            <Content
              bulk={data}
              shown={shown}
              show={(next) => setView({ shown: next, after: null })}
              page={after}
              onPage={(next) => setView({ shown, after: next })}
            />
          )}
        </Loaded>
      )}
    </section>
  );
}
