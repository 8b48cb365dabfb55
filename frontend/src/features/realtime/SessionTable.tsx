/** Sessions as rows. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { endSession } from "@/api/pool";
import type { Session } from "@/api/poolDomain";
import { poolKeys } from "@/api/poolQueries";
import { KeptLink, useTenant } from "@/app/tenant";
import { isOpen } from "@/features/realtime/words";
import { shortId } from "@/lib/format";
import { Age, Duration } from "@/ui/Age";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialogs";
import { LookChip } from "@/ui/LookChip";
import { sessionLook } from "@/ui/poolStatus";
import { CELL, HEAD_CELL, HEAD_ROW, NUMBER, ROW, TABLE } from "@/ui/table";

const spanOf = ({ startedAt, endedAt, durationMs }: Session) => ({ startedAt, completedAt: endedAt, durationMs });

export function EndSession({ session }: { session: Session }) {
  const [open, setOpen] = useState(false);
  const client = useQueryClient();
  const tenant = useTenant();
  const ending = useMutation({
    mutationFn: () => endSession(session.id, { tenant }),
    onSuccess: async () => {
      setOpen(false);
      await client.invalidateQueries({ queryKey: poolKeys.realtime(tenant) });
    },
  });
  return (
    <>
      <Button tone="warning" className="h-7" onClick={() => setOpen(true)}>
        End <span className="sr-only">session {shortId(session.id)}</span>
      </Button>
      <ConfirmDialog
        open={open}
        title={`End session ${shortId(session.id)}?`}
        description={`Its worker is told to close it; whoever speaks on ${session.model} is cut off.`}
        confirmLabel="End the session"
        danger
        tenant={session.tenant}
        busy={ending.isPending}
        error={ending.error}
        onConfirm={() => ending.mutate()}
        onClose={() => setOpen(false)}
      />
    </>
  );
}

function SessionRow({ session }: { session: Session }) {
  return (
    <tr className={ROW}>
      <td className={CELL}>
        <KeptLink to={`/realtime/sessions/${session.id}`} className="font-mono text-xs text-ink hover:underline">
          {shortId(session.id)}
        </KeptLink>
      </td>
      <td className={`${CELL} text-body`}>{session.tenant}</td>
      <td className={`${CELL} font-mono text-xs`}>{session.model}</td>
      <td className={`${CELL} w-full font-mono text-xs text-muted`}>{session.worker}</td>
      <td className={CELL}>
        <LookChip look={sessionLook(session.status)} />
        {session.endReason && <span className="ml-2 text-xs text-muted">{session.endReason}</span>}
      </td>
      <td className={`${CELL} ${NUMBER}`}>
        <Duration span={spanOf(session)} />
      </td>
      <td className={`${CELL} text-right text-xs text-muted`}>
        <Age at={session.endedAt ?? session.expiresAt} />
      </td>
      <td className={`${CELL} text-right`}>{isOpen(session) && <EndSession session={session} />}</td>
    </tr>
  );
}

const HEADS = ["Session", "Tenant", "Model", "Worker", "Status"];
const RIGHT = ["Duration", "Ended or expires"];

export function SessionTable({ sessions }: { sessions: Session[] }) {
  return (
    <div className="overflow-x-auto">
      <table className={TABLE}>
        <thead>
          <tr className={HEAD_ROW}>
            {HEADS.map((title) => (
              <th key={title} className={HEAD_CELL}>
                {title}
              </th>
            ))}
            {RIGHT.map((title) => (
              <th key={title} className={`${HEAD_CELL} text-right`}>
                {title}
              </th>
            ))}
            <th className={HEAD_CELL}>
              <span className="sr-only">End</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <SessionRow key={session.id} session={session} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
