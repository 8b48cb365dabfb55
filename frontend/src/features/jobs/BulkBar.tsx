/** What can be done to the chosen jobs; asks first, with their number and the filter in words. */
import { useMutation } from "@tanstack/react-query";
import { CircleStop, RotateCcw, Trash2, X, type LucideIcon } from "lucide-react";
import { useState } from "react";
import { startBulk, type BulkVerb, type Chosen } from "@/api/bulk";
import type { JobPage } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { useTenant } from "@/app/tenant";
import { filtersInWords, jobsInWords, VERBS } from "@/features/jobs/bulkWords";
import { countWords } from "@/features/jobs/filters";
import type { Choosing } from "@/features/jobs/useSelection";
import { formatNumber } from "@/lib/format";
import { Button, IconButton } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";

const ICONS: Record<BulkVerb, LucideIcon> = { cancel: CircleStop, retry: RotateCcw, delete: Trash2 };
const ORDER: BulkVerb[] = ["retry", "cancel", "delete"];

interface Props {
  choosing: Choosing;
  page: JobPage;
  filters: JobFilters;
  /** Called with the id of the action once it is accepted. */
  onStarted: (id: string) => void;
}

function Ask({ verb, onClose, ...props }: Props & { verb: BulkVerb; onClose: () => void }) {
  const { choosing, page, filters, onStarted } = props;
  const tenant = useTenant();
  const { all, ids } = choosing.chosen;
  const chosen: Chosen = all ? { filters } : { ids: [...ids] };
  const words = jobsInWords(chosen, page.count, page.countCapped);
  const starting = useMutation({
    mutationFn: () => startBulk(verb, chosen, { tenant }),
    onSuccess: (id) => {
      choosing.clear();
      onStarted(id);
    },
  });
  const { label, effect } = VERBS[verb];
  return (
    <ConfirmDialog
      open
      title={`${label} ${words}?`}
      description={effect}
      confirmLabel={`${label} ${words}`}
      danger={verb !== "retry"}
      tenant={tenant}
      busy={starting.isPending}
      error={starting.error}
      onConfirm={() => starting.mutate()}
      onClose={onClose}
    >
      <p className="text-sm text-muted">
        {all && <>Filter: {filtersInWords(filters)}. </>}
        Which jobs these are is fixed when you confirm; those that come later are left alone.
      </p>
    </ConfirmDialog>
  );
}

function AllMatching({ choosing, page }: Pick<Props, "choosing" | "page">) {
  if (choosing.chosen.all || choosing.page !== "all" || !(page.hasNext || page.countCapped)) return null;
  const count = countWords(page.count, page.countCapped);
  return (
    <button type="button" onClick={choosing.chooseAll} className="font-medium text-accent hover:underline">
      Select all {count === null ? "that match" : `${count} that match`}
    </button>
  );
}

export default function BulkBar(props: Props) {
  const { choosing, page } = props;
  const [asked, setAsked] = useState<BulkVerb | null>(null);
  const { all, ids } = choosing.chosen;
  return (
    <div
      role="toolbar"
      aria-label="Chosen jobs"
      className="sticky top-2 z-20 flex min-h-11 flex-wrap items-center gap-3 rounded-md border border-line-strong bg-raised px-4 py-1.5 text-sm"
    >
      <span className="font-medium" aria-live="polite">
        {all ? `All ${countWords(page.count, page.countCapped) ?? ""} matching` : `${formatNumber(ids.size)} selected`}
      </span>
      <AllMatching choosing={choosing} page={page} />
      <div className="ml-auto flex items-center gap-2">
        {ORDER.map((verb) => {
          const Icon = ICONS[verb];
          return (
            <Button key={verb} tone={verb === "retry" ? "plain" : "warning"} onClick={() => setAsked(verb)}>
              <Icon aria-hidden /> {VERBS[verb].label}
            </Button>
          );
        })}
        <IconButton label="Clear the selection" onClick={choosing.clear}>
          <X aria-hidden />
        </IconButton>
      </div>
      {asked && <Ask {...props} verb={asked} onClose={() => setAsked(null)} />}
    </div>
  );
}
