/** Pause an engine, or let it go on. Pausing asks first: it is the same for all tenants. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";
import { useState } from "react";
import type { Engine } from "@/api/domain";
import { keys } from "@/api/keys";
import { turnEngine } from "@/api/operate";
import { useTenant } from "@/app/tenant";
import { formatCount } from "@/lib/format";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";

export function EngineSwitch({ engine }: { engine: Engine }) {
  const [asked, setAsked] = useState(false);
  const client = useQueryClient();
  const tenant = useTenant();
  const verb = engine.status === "paused" ? "resume" : "pause";
  const turning = useMutation({
    mutationFn: () => turnEngine(engine.id, verb),
    onSuccess: async () => {
      setAsked(false);
      await client.invalidateQueries({ queryKey: keys.engines(tenant) });
    },
  });
  const running = formatCount(engine.running, "running task");
  return (
    <>
      <Button className="h-7" onClick={() => setAsked(true)}>
        {verb === "pause" ? <Pause aria-hidden /> : <Play aria-hidden />}
        {verb === "pause" ? "Pause" : "Resume"}
        <span className="sr-only">{engine.id}</span>
      </Button>
      <ConfirmDialog
        open={asked}
        title={verb === "pause" ? `Pause ${engine.id}?` : `Resume ${engine.id}?`}
        description={
          verb === "pause"
            ? `For all tenants: nothing more of it is started until it is resumed. ${running} will go on.`
            : `For all tenants: ${formatCount(engine.queueDepth, "ready task")} may start again.`
        }
        confirmLabel={verb === "pause" ? "Pause the engine" : "Resume the engine"}
        tenant={null}
        busy={turning.isPending}
        error={turning.error}
        onConfirm={() => turning.mutate()}
        onClose={() => setAsked(false)}
      />
    </>
  );
}
