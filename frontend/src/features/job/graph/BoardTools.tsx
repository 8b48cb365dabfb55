import { Crosshair, Maximize, Minus, Plus, Route } from "lucide-react";
import { useSyncExternalStore } from "react";
import type { CameraStore } from "@/dag/cameraStore";
import { cx } from "@/lib/cx";
import { IconButton } from "@/ui/Button";

const STEP = 1.25;

interface Props {
  camera: CameraStore;
  /** Null when nothing runs. */
  onFind: (() => void) | null;
  critical: boolean;
  onCritical: () => void;
}

export function BoardTools({ camera, onFind, critical, onCritical }: Props) {
  const zoom = useSyncExternalStore(camera.subscribe, () => Math.round(camera.view.k * 100));
  return (
    <div
      role="toolbar"
      aria-label="Graph"
      className="absolute bottom-3 left-3 flex items-center rounded-md border border-line bg-surface p-0.5"
    >
      <IconButton label="Zoom out" className="size-7" onClick={() => camera.zoom(1 / STEP)}>
        <Minus aria-hidden />
      </IconButton>
      <span className="w-11 text-center font-mono text-xs text-muted">{zoom} %</span>
      <IconButton label="Zoom in" className="size-7" onClick={() => camera.zoom(STEP)}>
        <Plus aria-hidden />
      </IconButton>
      <span className="mx-0.5 h-4 w-px bg-line" />
      <IconButton label="Fit (0)" className="size-7" onClick={() => camera.fit()}>
        <Maximize aria-hidden />
      </IconButton>
      <IconButton
        label="Find what runs (f)"
        className="size-7"
        disabled={!onFind}
        onClick={() => onFind?.()}
      >
        <Crosshair aria-hidden />
      </IconButton>
      <IconButton
        label="Critical path"
        aria-pressed={critical}
        className={cx("size-7", critical && "bg-accent-soft text-accent")}
        onClick={onCritical}
      >
        <Route aria-hidden />
      </IconButton>
    </div>
  );
}
