import { X } from "lucide-react";
import { useEffect, useState } from "react";
import { JOB_STATUSES } from "@/api/domain";
import type { JobFilters } from "@/api/endpoints";
import { useEngines, usePipelines } from "@/api/queries";
import { isFiltered } from "@/features/jobs/filters";
import { cx } from "@/lib/cx";
import type { Changes } from "@/lib/url";
import { Button } from "@/ui/Button";
import { INPUT, SearchField } from "@/ui/Field";
import { STATUS } from "@/ui/status";
import { StatusIcon } from "@/ui/StatusChip";

const TYPING_MS = 250;

interface Props {
  filters: JobFilters;
  change: (changes: Changes) => void;
}

/** Writes to the URL once typing rests; follows the URL when it changes elsewhere. */
function TextFilter({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const [draft, setDraft] = useState({ text: value, from: value });
  if (draft.from !== value) setDraft({ text: value, from: value });
  useEffect(() => {
    if (draft.text === value) return;
    const timer = setTimeout(() => onChange(draft.text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [draft.text, value, onChange]);
  return (
    <SearchField
      className="w-56"
      aria-label="Name or id begins with"
      placeholder="Name or id begins…"
      value={draft.text}
      onChange={(event) => setDraft({ text: event.target.value, from: value })}
      onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
    />
  );
}

function StatusFilter({ filters, change }: Props) {
  const toggle = (status: (typeof JOB_STATUSES)[number]) => {
    const on = filters.status.includes(status);
    const next = on ? filters.status.filter((s) => s !== status) : [...filters.status, status];
    change({ status: next, offset: null });
  };
  return (
    <div role="group" aria-label="Status" className="flex overflow-hidden rounded-sm border border-line-strong">
      {JOB_STATUSES.map((status) => {
        const on = filters.status.includes(status);
        return (
          <button
            key={status}
            type="button"
            aria-pressed={on}
            onClick={() => toggle(status)}
            className={cx(
              "flex h-[30px] items-center gap-1.5 border-r border-line px-2.5 text-sm -outline-offset-2 last:border-r-0",
              on ? "bg-gray-200/80 font-medium text-ink dark:bg-gray-700" : "bg-surface text-body hover:bg-sunken",
            )}
          >
            <StatusIcon status={status} />
            {STATUS[status].label}
          </button>
        );
      })}
    </div>
  );
}

interface ChoiceProps {
  label: string;
  any: string;
  value: string;
  options: string[];
  onChange: (value: string) => void;
}

function Choice({ label, any, value, options, onChange }: ChoiceProps) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)} className={cx(INPUT, "w-32")}>
      <option value="">{any}</option>
      {all.map((option) => (
        <option key={option}>{option}</option>
      ))}
    </select>
  );
}

export function JobsFilterBar({ filters, change }: Props) {
  const engines = useEngines().data ?? [];
  const pipelines = usePipelines().data ?? [];
  const clear = { status: null, q: null, engine: null, pipeline: null, label: null, offset: null };
  return (
    <div className="flex flex-wrap items-center gap-2">
      <TextFilter value={filters.q} onChange={(q) => change({ q: q.trim(), offset: null })} />
      <StatusFilter filters={filters} change={change} />
      <Choice
        label="Pipeline"
        any="Any pipeline"
        value={filters.pipeline}
        options={[...new Set(pipelines.map(({ name }) => name))]}
        onChange={(pipeline) => change({ pipeline, offset: null })}
      />
      <Choice
        label="Engine"
        any="Any engine"
        value={filters.engine}
        options={engines.map(({ id }) => id)}
        onChange={(engine) => change({ engine, offset: null })}
      />
      {filters.label && (
        <Button onClick={() => change({ label: null, offset: null })}>
          {filters.label} <X aria-label="Remove" />
        </Button>
      )}
      {isFiltered(filters) && (
        <Button tone="ghost" onClick={() => change(clear)}>
          Clear
        </Button>
      )}
    </div>
  );
}
