/** What the figures of a model say in words. */
import type { ModelLoad, Session } from "@/api/poolDomain";

export const SESSION_STATUSES: Session["status"][] = ["offered", "active", "ended", "expired", "lost"];

const OPEN: ReadonlySet<Session["status"]> = new Set(["offered", "active"]);

export const isOpen = (session: Session): boolean => OPEN.has(session.status);

/** Why nothing fits, or when nothing will; null where there is room for now. */
export function roomWords({ capacity, active, free, fullInMinutes, has }: ModelLoad): string | null {
  if (capacity > 0 && active >= capacity) return "Full: every place is taken.";
  if (has === 0) return "No worker takes sessions: all drain, are unhealthy or silent.";
  if (free === 0) return "Full: the workers that take sessions have no place left.";
  if (fullInMinutes === null) return null;
  if (fullInMinutes < 1) return "Full within a minute at this rate.";
  return `Full in about ${Math.round(fullInMinutes)} min at this rate.`;
}

export const wantsWords = ({ wants, has }: ModelLoad): string =>
  wants === null || has === null ? "–" : `wants ${wants}, has ${has}`;
