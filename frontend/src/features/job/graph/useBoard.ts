/** The board's model: layout by structure, statuses and camera outside React. */
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Task } from "@/api/domain";
import { CameraStore } from "@/dag/cameraStore";
import { layOut } from "@/dag/layout";
import { StatusStore } from "@/dag/statuses";
import { visibleBlocks } from "@/dag/visible";

/** Tasks and edges change only where a map gets its instances, or loses them to a retry. */
const sameStructure = (a: Task[], b: Task[]): boolean =>
  a.length === b.length && a.every((task, i) => task.id === b[i]?.id);

function useStructure(tasks: Task[]): Task[] {
  const [structure, setStructure] = useState(tasks);
  if (structure !== tasks && !sameStructure(structure, tasks)) {
    setStructure(tasks);
    return tasks;
  }
  return structure;
}

function useStatuses(tasks: Task[]): StatusStore {
  const [store] = useState(() => {
    const first = new StatusStore();
    first.update(tasks.map(({ status }) => status));
    return first;
  });
  useEffect(() => store.update(tasks.map(({ status }) => status)), [store, tasks]);
  return store;
}

export function useBoard(tasks: Task[]) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const structure = useStructure(tasks);
  const layout = useMemo(() => layOut(structure, open), [structure, open]);
  const statuses = useStatuses(tasks);
  const [camera] = useState(() => new CameraStore());
  useEffect(() => camera.setContent({ width: layout.width, height: layout.height }), [camera, layout]);
  const window = useSyncExternalStore(camera.subscribeWindow, camera.getWindow);
  const visible = useMemo(() => visibleBlocks(layout, window), [layout, window]);
  const toggle = (id: string, on: boolean) =>
    setOpen((current) => {
      const next = new Set(current);
      if (on) next.add(id);
      else next.delete(id);
      return next;
    });
  return { layout, statuses, camera, visible, open, toggle };
}

export type Board = ReturnType<typeof useBoard>;
