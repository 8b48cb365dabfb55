/** Let a worker or a machine take nothing new, or take work again. Asks first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Hourglass, Play } from "lucide-react";
import { useState } from "react";
import type { DrainVerb } from "@/api/pool";
import { poolKeys } from "@/api/poolQueries";
import { useTenant } from "@/app/tenant";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";
import { INPUT } from "@/ui/Field";

interface Props {
  name: string;
  asked: boolean;
  /** What goes on meanwhile, as a sentence. */
  goesOn: string;
  /** Set: sessions that are left may be ended after a time. */
  hasSessions?: boolean;
  turn: (verb: DrainVerb, deadlineSeconds: number | null) => Promise<unknown>;
}

function Deadline({ minutes, onChange }: { minutes: string; onChange: (minutes: string) => void }) {
  return (
    <label className="flex flex-col gap-1 text-sm text-body">
      End what is left after so many minutes; empty: never
      <input
        type="number"
        min={1}
        max={10_080}
        step={1}
        value={minutes}
        onChange={(event) => onChange(event.target.value)}
        className={`${INPUT} w-28`}
      />
    </label>
  );
}

export function DrainSwitch({ name, asked, goesOn, hasSessions = false, turn }: Props) {
  const [open, setOpen] = useState(false);
  const [minutes, setMinutes] = useState("");
  const client = useQueryClient();
  const tenant = useTenant();
  const verb = asked ? "resume" : "drain";
  const label = asked ? "Resume" : "Drain";
  const turning = useMutation({
    mutationFn: () => turn(verb, minutes === "" ? null : Math.round(Number(minutes) * 60)),
    onSuccess: async () => {
      setOpen(false);
      await client.invalidateQueries({ queryKey: poolKeys.fleets() });
      await client.invalidateQueries({ queryKey: poolKeys.realtime(tenant) });
    },
  });
  return (
    <>
      <Button className="h-7" onClick={() => setOpen(true)}>
        {asked ? <Play aria-hidden /> : <Hourglass aria-hidden />}
        {label}
        <span className="sr-only">{name}</span>
      </Button>
      <ConfirmDialog
        open={open}
        title={`${label} ${name}?`}
        description={asked ? "It takes new work again." : `It takes nothing new. ${goesOn}`}
        confirmLabel={label}
        tenant={null}
        busy={turning.isPending}
        error={turning.error}
        onConfirm={() => turning.mutate()}
        onClose={() => setOpen(false)}
      >
        {hasSessions && !asked && <Deadline minutes={minutes} onChange={setMinutes} />}
      </ConfirmDialog>
    </>
  );
}
