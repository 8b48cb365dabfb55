/** How workers, sessions, cards and engines look: words and colours of their own. */
import {
  Activity,
  Check,
  CircleCheck,
  CircleHelp,
  CircleSlash,
  Clock,
  HeartCrack,
  Hourglass,
  Pause,
  PlugZap,
  TriangleAlert,
  Unplug,
  type LucideIcon,
} from "lucide-react";

export interface Look {
  label: string;
  icon: LucideIcon;
  chip: string;
}

const GREEN =
  "bg-green-50 border-green-300 text-green-700 dark:bg-green-950 dark:border-green-800 dark:text-green-300";
const BLUE = "bg-blue-50 border-blue-300 text-blue-700 dark:bg-blue-950 dark:border-blue-700 dark:text-blue-300";
const ORANGE =
  "bg-orange-50 border-orange-300 text-orange-700 dark:bg-orange-950 dark:border-orange-700 dark:text-orange-300";
const RED = "bg-red-50 border-red-300 text-red-700 dark:bg-red-950 dark:border-red-700 dark:text-red-300";
const GRAY =
  "bg-gray-100 border-gray-300 text-gray-600 dark:bg-gray-800 dark:border-gray-600 dark:text-gray-300";

const unknown = (label: string): Look => ({ label, icon: CircleHelp, chip: GRAY });

const WORKER: Record<string, Look> = {
  ready: { label: "Ready", icon: Check, chip: GREEN },
  busy: { label: "Busy", icon: Activity, chip: BLUE },
  draining: { label: "Draining", icon: Hourglass, chip: ORANGE },
  unhealthy: { label: "Unhealthy", icon: TriangleAlert, chip: RED },
  offline: { label: "Offline", icon: Unplug, chip: GRAY },
  lost: { label: "Lost", icon: HeartCrack, chip: RED },
};

const SESSION: Record<string, Look> = {
  offered: { label: "Offered", icon: Clock, chip: GRAY },
  active: { label: "Active", icon: PlugZap, chip: BLUE },
  ended: { label: "Ended", icon: Check, chip: GREEN },
  expired: { label: "Expired", icon: CircleSlash, chip: ORANGE },
  lost: { label: "Lost", icon: HeartCrack, chip: RED },
};

const CARD: Record<string, Look> = {
  ok: { label: "OK", icon: Check, chip: GREEN },
  none: { label: "No card", icon: CircleSlash, chip: GRAY },
  degraded: { label: "Degraded", icon: TriangleAlert, chip: RED },
  lost: { label: "Lost", icon: HeartCrack, chip: RED },
  unreadable: { label: "Unreadable", icon: CircleHelp, chip: ORANGE },
  stale: { label: "Stale", icon: Clock, chip: ORANGE },
};

/** `available` is what a tenant is told, `ready` what staff are. */
const ENGINE: Record<string, Look> = {
  available: { label: "Available", icon: CircleCheck, chip: GREEN },
  ready: { label: "Ready", icon: Check, chip: GREEN },
  draining: { label: "Draining", icon: Hourglass, chip: ORANGE },
  paused: { label: "Paused", icon: Pause, chip: ORANGE },
  unavailable: { label: "Unavailable", icon: Unplug, chip: RED },
};

export const workerLook = (status: string): Look => WORKER[status] ?? unknown(status);
export const sessionLook = (status: string): Look => SESSION[status] ?? unknown(status);
export const cardLook = (status: string): Look => CARD[status] ?? unknown(status);
export const engineLook = (status: string): Look => ENGINE[status] ?? unknown(status);
