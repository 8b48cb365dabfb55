/** Status to label, icon and colours: the only place that knows. */
import {
  CircleStop,
  Check,
  CircleDashed,
  Clock,
  LoaderCircle,
  SkipForward,
  X,
  type LucideIcon,
} from "lucide-react";
import type { AttemptOutcome, JobStatus, TaskStatus } from "@/api/domain";

export type AnyStatus = JobStatus | TaskStatus;

export interface StatusLook {
  label: string;
  icon: LucideIcon;
  chip: string;
  /** Fill of a bar segment or of a heat cell. */
  heat: string;
  /** Icon and number on plain ground. */
  text: string;
}

const PENDING =
  "bg-gray-100 border-gray-300 text-gray-600 dark:bg-gray-800 dark:border-gray-600 dark:text-gray-300";
const READY =
  "bg-yellow-50 border-yellow-300 text-yellow-700 dark:bg-yellow-950 dark:border-yellow-700 dark:text-yellow-300";
const RUNNING =
  "bg-blue-50 border-blue-300 text-blue-700 animate-pulse dark:bg-blue-950 dark:border-blue-700 dark:text-blue-300";
const COMPLETED =
  "bg-green-50 border-green-300 text-green-700 dark:bg-green-950 dark:border-green-800 dark:text-green-300";
const FAILED =
  "bg-red-50 border-red-300 text-red-700 dark:bg-red-950 dark:border-red-700 dark:text-red-300";
const SKIPPED =
  "bg-gray-50 border-gray-200 text-gray-400 dark:bg-gray-900 dark:border-gray-700 dark:text-gray-400";
const CANCELLED =
  "bg-orange-50 border-orange-300 text-orange-700 dark:bg-orange-950 dark:border-orange-700 dark:text-orange-300";

export const STATUS: Record<AnyStatus, StatusLook> = {
  pending: {
    label: "Pending",
    icon: CircleDashed,
    chip: PENDING,
    heat: "bg-gray-300 dark:bg-gray-600",
    text: "text-gray-600 dark:text-gray-300",
  },
  ready: {
    label: "Ready",
    icon: Clock,
    chip: READY,
    heat: "bg-yellow-500",
    text: "text-yellow-700 dark:text-yellow-300",
  },
  running: {
    label: "Running",
    icon: LoaderCircle,
    chip: RUNNING,
    heat: "bg-blue-500",
    text: "text-blue-700 dark:text-blue-300",
  },
  completed: {
    label: "Completed",
    icon: Check,
    chip: COMPLETED,
    heat: "bg-green-600",
    text: "text-green-700 dark:text-green-300",
  },
  failed: {
    label: "Failed",
    icon: X,
    chip: FAILED,
    heat: "bg-red-500",
    text: "text-red-700 dark:text-red-300",
  },
  skipped: {
    label: "Skipped",
    icon: SkipForward,
    chip: SKIPPED,
    heat: "bg-gray-200 dark:bg-gray-700",
    text: "text-gray-500 dark:text-gray-400",
  },
  cancelled: {
    label: "Cancelled",
    icon: CircleStop,
    chip: CANCELLED,
    heat: "bg-orange-500",
    text: "text-orange-700 dark:text-orange-300",
  },
  cancelling: {
    label: "Cancelling",
    icon: CircleStop,
    chip: `${CANCELLED} animate-pulse`,
    heat: "bg-orange-500",
    text: "text-orange-700 dark:text-orange-300",
  },
};

/** Grey on grey is 2.5 : 1, so this label stands beside its chip in normal text colour. */
export const LABEL_BESIDE: ReadonlySet<AnyStatus> = new Set<AnyStatus>(["skipped"]);

interface OutcomeLook {
  label: string;
  as: AnyStatus;
}

export const OUTCOME: Record<AttemptOutcome | "running", OutcomeLook> = {
  running: { label: "Running", as: "running" },
  completed: { label: "Completed", as: "completed" },
  failed: { label: "Failed", as: "failed" },
  timed_out: { label: "Timed out", as: "failed" },
  lost: { label: "Lost", as: "failed" },
  cancelled: { label: "Cancelled", as: "cancelled" },
  stale: { label: "Stale", as: "skipped" },
};

export const isStatusName = (value: unknown): value is AnyStatus =>
  typeof value === "string" && Object.hasOwn(STATUS, value);
