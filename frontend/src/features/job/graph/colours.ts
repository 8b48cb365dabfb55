/** The colours of the style sheet as canvases need them: read off a probe, again when the theme changes. */
import { useSyncExternalStore } from "react";
import { TASK_STATUSES } from "@/api/domain";
import { onThemeChange } from "@/app/theme";
import type { Colours } from "@/dag/draw";
import { STATUS } from "@/ui/status";

function readBackground(probe: HTMLElement, className: string): string {
  probe.className = className;
  return getComputedStyle(probe).backgroundColor;
}

function read(): Colours {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colours = {
    edge: readBackground(probe, "bg-line-strong"),
    settled: readBackground(probe, "bg-faint"),
    accent: readBackground(probe, "bg-accent"),
    ground: readBackground(probe, "bg-surface"),
    status: Object.fromEntries(
      TASK_STATUSES.map((status) => [status, readBackground(probe, STATUS[status].heat)]),
    ) as Colours["status"],
  };
  probe.remove();
  return colours;
}

let cached: Colours | null = null;

function subscribe(listener: () => void): () => void {
  return onThemeChange(() => {
    cached = null;
    listener();
  });
}

const current = (): Colours => (cached ??= read());

export const useColours = (): Colours => useSyncExternalStore(subscribe, current);
