// The commands of the shell. Each returns the process's exit code; what it prints follows
// terminal.h.
#pragma once

namespace seine::server {

struct Invocation;

int run_up(const Invocation& invocation);
int run_down(const Invocation& invocation);
int run_link(const Invocation& invocation);
int run_doctor(const Invocation& invocation);
int run_config_get(const Invocation& invocation);
int run_config_set(const Invocation& invocation);
int run_config_explain(const Invocation& invocation);
int run_config_check(const Invocation& invocation);
int run_key_ls(const Invocation& invocation);
int run_key_create(const Invocation& invocation);
int run_key_revoke(const Invocation& invocation);
int run_model_synth(const Invocation& invocation);
int run_model_ls(const Invocation& invocation);
int run_model_load(const Invocation& invocation);
int run_model_unload(const Invocation& invocation);
int run_model_show(const Invocation& invocation);
int run_model_quantize(const Invocation& invocation);
int run_model_bench(const Invocation& invocation);
int run_backup(const Invocation& invocation);
int run_restore(const Invocation& invocation);
int run_web_fetch(const Invocation& invocation);
int run_web_read(const Invocation& invocation);
int run_web_extract(const Invocation& invocation);
int run_web_crawl(const Invocation& invocation);
int run_web_search(const Invocation& invocation);
int run_web_watch(const Invocation& invocation);
int run_watch_ls(const Invocation& invocation);
int run_watch_show(const Invocation& invocation);
int run_watch_check(const Invocation& invocation);
int run_watch_pause(const Invocation& invocation);
int run_watch_resume(const Invocation& invocation);
int run_watch_rm(const Invocation& invocation);
int run_watch_webhooks(const Invocation& invocation);
int run_watch_resend(const Invocation& invocation);
int run_ask(const Invocation& invocation);
int run_chat(const Invocation& invocation);
int run_demo(const Invocation& invocation);
int run_runs_ls(const Invocation& invocation);
int run_runs_show(const Invocation& invocation);
int run_runs_replay(const Invocation& invocation);
int run_generate(const Invocation& invocation);
int run_model_eval(const Invocation& invocation);
int run_version(const Invocation& invocation);
int run_completion(const Invocation& invocation);
int run_man(const Invocation& invocation);
int run_openapi(const Invocation& invocation);

}  // namespace seine::server
