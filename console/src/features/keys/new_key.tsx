// Making a key: what it is for, what it may do, how long and how much. Then the key itself, once.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { createKey, type Scope, scopes } from "../../api/keys.ts";
import { keysQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { Command } from "../../components/command.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { type Expiry, ExpiryField, expirySeconds } from "../../components/expiry.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { useText } from "../../i18n/index.ts";

const kDays = [30, 90, 365, null] as const;

export function NewKey({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly Scope[]>(["chat", "models"]);
  const [days, setDays] = useState<Expiry>(90);
  const [requests, setRequests] = useState("");
  const [tokens, setTokens] = useState("");
  const make = useMutation({
    mutationFn: createKey,
    gcTime: 0, // the key is held by this dialog and nothing else
    onSuccess: () => client.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const good = name.trim() !== "" && chosen.length > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!good) return;
    make.mutate({
      name: name.trim(),
      scopes: scopes.filter((scope) => chosen.includes(scope)),
      expiresInS: expirySeconds(days),
      requestsPerMinute: limitOf(requests),
      tokensPerMinute: limitOf(tokens),
    });
  };
  const toggle = (scope: Scope, on: boolean) =>
    setChosen(on ? [...chosen, scope] : chosen.filter((each) => each !== scope));

  if (make.data) {
    return (
      <Dialog label={t("keys.made.title")} onClose={onClose}>
        <div className="space-y-4 p-5">
          <p className="text-ink-soft">{t("keys.made.once")}</p>
          <Command text={make.data.secret} />
          <p className="text-sm text-ink-soft">{t("keys.made.use")}</p>
          <pre className="overflow-x-auto rounded-lg bg-sunken p-3 font-mono text-2xs">
            {`curl ${location.origin}/v1/models -H "Authorization: Bearer ${make.data.secret.slice(0, 12)}\u2026"`}
          </pre>
          <div className="flex justify-end">
            <Button kind="loud" onClick={onClose}>
              {t("keys.made.done")}
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog label={t("keys.new")} onClose={onClose}>
      <form onSubmit={submit} className="space-y-5 p-5">
        <label className="block">
          <span className="mb-1 block text-sm text-ink-soft">{t("keys.name")}</span>
          <input
            className="text-field w-full"
            required
            maxLength={100}
            value={name}
            placeholder={t("keys.name.hint")}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <fieldset>
          <legend className="mb-1 text-sm text-ink-soft">{t("keys.scopes")}</legend>
          <div className="space-y-1.5">
            {scopes.map((scope) => (
              <label key={scope} className="flex items-start gap-2.5 text-sm">
                <input
                  type="checkbox"
                  className="mt-1"
                  checked={chosen.includes(scope)}
                  onChange={(event) => toggle(scope, event.target.checked)}
                />
                <span>
                  <code className="font-mono text-xs">{scope}</code>
                  <span className="block text-xs text-ink-soft">{t(`keys.scope.${scope}`)}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        <ExpiryField choices={kDays} value={days} onChange={setDays} className="w-full" />
        <div className="grid gap-4 sm:grid-cols-2">
          <Limit label={t("keys.limit.requests")} value={requests} onChange={setRequests} />
          <Limit label={t("keys.limit.tokens")} value={tokens} onChange={setTokens} />
        </div>
        {make.error && <FailurePanel error={make.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="loud" type="submit" disabled={!good || make.isPending}>
            {t("keys.create")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Limit(props: { label: string; value: string; onChange: (value: string) => void }) {
  const { t } = useText();
  return (
    <label className="block">
      <span className="mb-1 block text-sm text-ink-soft">{props.label}</span>
      <input
        type="number"
        min={1}
        step={1}
        className="text-field w-full"
        value={props.value}
        placeholder={t("keys.limit.none")}
        onChange={(event) => props.onChange(event.target.value)}
      />
    </label>
  );
}

function limitOf(typed: string): number | null {
  const value = Math.floor(Number(typed));
  return typed.trim() !== "" && value > 0 ? value : null;
}
