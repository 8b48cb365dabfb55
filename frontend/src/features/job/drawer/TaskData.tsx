import { Download } from "lucide-react";
import type { TaskDetail } from "@/api/domain";
import { fileUrl } from "@/api/endpoints";
import { formatBytes } from "@/lib/format";
import { isEmptyJson, Json } from "@/ui/Json";

function Files({ files }: Pick<TaskDetail, "files">) {
  if (files.length === 0) return null;
  return (
    <section aria-label="Files" className="flex flex-col gap-1.5">
      <h3 className="text-sm font-medium">Files</h3>
      <ul className="rounded-sm border border-line">
        {files.map((file) => (
          <li key={file.id} className="border-b border-line last:border-b-0">
            <a
              href={fileUrl(file.id)}
              download={file.name}
              className="flex h-9 items-center gap-2 px-3 text-sm hover:bg-hover"
            >
              <Download className="size-3.5 text-muted" aria-hidden />
              <span className="truncate">{file.name}</span>
              <span className="ml-auto font-mono text-xs text-muted">{formatBytes(file.sizeBytes)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Part({ title, value, empty }: { title: string; value: unknown; empty: string }) {
  return (
    <section aria-label={title} className="flex flex-col gap-1.5">
      <h3 className="text-sm font-medium">{title}</h3>
      {isEmptyJson(value) ? <p className="text-sm text-muted">{empty}</p> : <Json value={value} />}
    </section>
  );
}

export function TaskData({ task }: { task: TaskDetail }) {
  const done = task.status === "completed";
  return (
    <div className="flex flex-col gap-5 px-5 py-4">
      <Files files={task.files} />
      <Part title="Output" value={task.output} empty={done ? "It returned nothing." : "There once it completes."} />
      <Part title="Inputs" value={task.inputs} empty="It depends on nothing." />
      <Part title="Config" value={task.config} empty="None was given." />
    </div>
  );
}
