// The prompts that the composer offers after a "/".
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { type Prompt, removePrompt, savePrompt } from "../../api/prompts.ts";
import { promptsQuery, queryClient } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Empty } from "../../components/empty.tsx";
import { FailurePanel } from "../../components/failure.tsx";
import { Loaded } from "../../components/loaded.tsx";
import { Section } from "../../components/section.tsx";
import { offerUndo } from "../../components/undo.tsx";
import { useText } from "../../i18n/index.ts";

const kNameMax = 60;
const kTextMax = 5_000; // 16 KiB in any script
const changed = () => queryClient.invalidateQueries({ queryKey: promptsQuery.queryKey });

export function PromptsList() {
  const { t } = useText();
  const query = useQuery(promptsQuery);
  const [editing, setEditing] = useState<Prompt | null>(null);
  const remove = useMutation({
    mutationFn: ({ name }: Prompt) => removePrompt(name),
    onSuccess: (_, prompt) =>
      offerUndo(t("prompts.deleted", { name: prompt.name }), () => void savePrompt(prompt).finally(changed)),
    onSettled: changed,
  });
  const newButton = <Button onClick={() => setEditing({ name: "", text: "" })}>{t("prompts.new")}</Button>;
  const some = (query.data ?? []).length > 0;
  return (
    <Section title={t("prompts.title")} aside={some && newButton}>
      <Loaded query={query} waiting={t("prompts.loading")}>
        {(prompts) =>
          prompts.length === 0 ? (
            <Empty action={newButton}>{t("prompts.lead")}</Empty>
          ) : (
            <ul className="panel divide-y divide-line">
              {prompts.map((prompt) => (
                <li key={prompt.name} className="flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-3">
                  <span className="min-w-0 flex-1 basis-48">
                    <span className="block truncate text-sm font-medium">{prompt.name}</span>
                    <span className="block truncate text-xs text-ink-soft">{prompt.text}</span>
                  </span>
                  <span className="flex gap-2">
                    <Button
                      label={t("prompts.edit.label", { name: prompt.name })}
                      onClick={() => setEditing(prompt)}
                    >
                      {t("prompts.edit")}
                    </Button>
                    <Button
                      kind="danger"
                      label={t("prompts.delete.label", { name: prompt.name })}
                      disabled={remove.isPending}
                      onClick={() => remove.mutate(prompt)}
                    >
                      {t("prompts.delete")}
                    </Button>
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {remove.error && <FailurePanel error={remove.error} />}
      {editing && <PromptDialog prompt={editing} onClose={() => setEditing(null)} />}
    </Section>
  );
}

function PromptDialog({ prompt, onClose }: { prompt: Prompt; onClose: () => void }) {
  const { t } = useText();
  const [name, setName] = useState(prompt.name);
  const [text, setText] = useState(prompt.text);
  const save = useMutation({
    mutationFn: async (next: Prompt) => {
      await savePrompt(next);
      if (prompt.name !== "" && prompt.name !== next.name) await removePrompt(prompt.name);
    },
    onSuccess: onClose,
    onSettled: changed,
  });
  const blank = `{{${t("prompts.blank")}}}`;
  const good = name.trim() !== "" && text.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (good) save.mutate({ name: name.trim(), text });
  };
  return (
    <Dialog label={prompt.name === "" ? t("prompts.new") : prompt.name} onClose={onClose}>
      <form onSubmit={submit} className="space-y-4 p-5">
        <label className="block">
          <span className="mb-1 block text-sm text-ink-soft">{t("prompts.name")}</span>
          <input
            className="text-field w-full"
            required
            maxLength={kNameMax}
            value={name}
            placeholder={t("prompts.name.hint")}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="block">
          <span className="mb-1 block text-sm text-ink-soft">{t("prompts.text")}</span>
          <textarea
            className="text-field h-auto w-full py-2"
            required
            rows={6}
            maxLength={kTextMax}
            value={text}
            placeholder={t("prompts.text.hint", { blank })}
            onChange={(event) => setText(event.target.value)}
          />
          <span className="mt-1 block text-xs text-ink-soft">{t("prompts.text.note", { blank })}</span>
        </label>
        {save.error && <FailurePanel error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button kind="loud" type="submit" disabled={!good || save.isPending}>
            {t("prompts.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
