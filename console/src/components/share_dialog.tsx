// Links to a conversation: a new one, and those in force, which can be copied again or taken back.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { sharesQuery } from "../api/queries.ts";
import { createShare, deleteShare, type Share } from "../api/shares.ts";
import { useText } from "../i18n/index.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy_button.tsx";
import { Dialog } from "./dialog.tsx";
import { type Expiry, ExpiryField, expirySeconds } from "./expiry.tsx";
import { FailurePanel } from "./failure.tsx";
import { Loaded } from "./loaded.tsx";

const kDays = [1, 7, 30, null] as const;

/** messageId: the last message that the link shows; without one the newest branch is shown. */
export function ShareDialog(props: { chatId: string; messageId?: string; onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  const { chatId, messageId } = props;
  const query = useQuery(sharesQuery(chatId));
  const [days, setDays] = useState<Expiry>(7);
  const again = { onSettled: () => client.invalidateQueries({ queryKey: sharesQuery(chatId).queryKey }) };
  const make = useMutation({ mutationFn: createShare, ...again });
  const takeBack = useMutation({ mutationFn: deleteShare, ...again });
  return (
    <Dialog label={t("share.title")} onClose={props.onClose}>
      <div className="space-y-4 p-5">
        <p className="text-sm text-ink-soft">{t("share.lead")}</p>
        <div className="flex flex-wrap items-end gap-3">
          <ExpiryField choices={kDays} value={days} onChange={setDays} />
          <Button
            kind="loud"
            disabled={make.isPending}
            onClick={() => make.mutate({ chatId, messageId, expiresInS: expirySeconds(days) })}
          >
            {t("share.make")}
          </Button>
        </div>
        {make.error && <FailurePanel error={make.error} />}
        {takeBack.error && <FailurePanel error={takeBack.error} />}
        <Loaded query={query} waiting={t("share.loading")}>
          {(shares) =>
            shares.length === 0 ? null : (
              <ul aria-label={t("share.list")} className="divide-y divide-line border-t border-line">
                {shares.map((share) => (
                  <Line
                    key={share.id}
                    share={share}
                    busy={takeBack.isPending}
                    onTakeBack={() => takeBack.mutate(share.id)}
                  />
                ))}
              </ul>
            )
          }
        </Loaded>
      </div>
    </Dialog>
  );
}

function Line(props: { share: Share; busy: boolean; onTakeBack: () => void }) {
  const { t, format } = useText();
  const { share } = props;
  const address = location.origin + share.path;
  return (
    <li className="py-3">
      <div className="flex items-center gap-1">
        <a
          href={address}
          target="_blank"
          rel="noopener noreferrer"
          className="min-w-0 flex-1 truncate font-mono text-xs text-river hover:underline"
        >
          {address}
        </a>
        <CopyButton text={address} label={t("share.copy")} />
        <Button kind="quiet" disabled={props.busy} onClick={props.onTakeBack}>
          {t("share.takeBack")}
        </Button>
      </div>
      <p className="text-2xs text-ink-faint">
        {t("keys.created", { date: format.dateTime(new Date(share.createdAt)) })}
        {" · "}
        {share.expiresAt === null
          ? t("keys.noExpiry")
          : t("keys.expires", { date: format.dateTime(new Date(share.expiresAt)) })}
      </p>
    </li>
  );
}
