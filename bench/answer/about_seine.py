#!/usr/bin/env python3
"""Whether a question counts as one about Seine itself (src/server/docs_site.cc): a labelled list of questions, about Seine and about the
world, in both languages, asked with only the own index to search. Prints the share of each kind for which the documentation is offered,
and the questions that went wrong."""
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/system"))
from seine import Service  # noqa: E402

ABOUT = {
    "en": ["What leaves this machine when I ask Seine a question?", "How does Seine check that a citation supports its sentence?",
           "How do I load my own DeepSeek model?", "How do I back up Seine?", "How do I restore a backup?", "Which search providers does Seine know?",
           "How do I make an API key?", "Where does Seine keep its data?", "How do I start Seine on another port?", "Does Seine send telemetry?",
           "How do I watch a page for changes?", "What does partly supported mean?", "How much memory does a model need?",
           "How do I use Seine with the OpenAI client?", "How do I turn on HTTPS?", "Can Seine read PDF files?", "How do I forbid a domain?",
           "How do I get a new sign-in link?", "How do I let DeepSeek's own service answer?", "How fast are models on the processor?"],
    "zh": ["向 Seine 提问时，哪些数据会离开本机？", "Seine 如何核对引用是否支持句子？", "怎样加载自己的 DeepSeek 模型？", "怎样备份 Seine？", "如何恢复备份？",
           "Seine 支持哪些搜索服务？", "怎样创建 API 密钥？", "Seine 的数据存放在哪里？", "Seine 会发送遥测数据吗？", "怎样监视网页的变化？", "模型需要多少内存？",
           "怎样用 OpenAI 客户端访问 Seine？", "怎样启用 HTTPS？", "Seine 能读取 PDF 吗？", "怎样禁止读取某个域名？", "怎样获取新的登录链接？"],
}
WORLD = {
    "en": ["How long is the river Seine?", "When was the Eiffel Tower built?", "What is the capital of Australia?", "Who wrote Pride and Prejudice?",
           "How does a heat pump work?", "What is the newest stable release of SQLite?", "How do I cook rice?", "Which model of car sold best in 2024?",
           "How much memory does a human brain have?", "What does a search warrant allow?", "How do banks check a signature?", "What is the answer to life?",
           "How do I back up an iPhone?", "How do I load a dishwasher?", "Who is the prime minister of Japan?", "What are the key findings of the IPCC report?",
           "How fast is light?", "Is the sun a star?", "What happened in the news today?", "How do I renew a passport?"],
    "zh": ["塞纳河全长多少公里？", "埃菲尔铁塔建于何时？", "澳大利亚的首都是哪里？", "红楼梦的作者是谁？", "热泵的工作原理是什么？", "怎样煮米饭？", "今天有什么新闻？",
           "人类大脑的记忆容量有多大？", "怎样备份苹果手机？", "日本的首相是谁？", "光速是多少？", "银行怎样核对签名？", "如何办理护照？", "长城有多长？", "哪款手机卖得最好？",
           "如何学习英语？"],
}


def offered(service: Service, question: str) -> bool:
    """Whether the search found pages of the documentation."""
    status, _, text = service.request("POST", "/api/ask", {"question": question, "search": "on", "stream": False})
    if status != 200:
        sys.exit(text)
    return any("/docs" in source["url"] for source in json.loads(text)["sources"])


def main():
    with Service("--model", "none", "--no-auth-on-loopback", SEINE_SEARCH_PROVIDERS="index") as service:
        for language in ("en", "zh"):
            for kind, questions, wanted in (("about", ABOUT[language], True), ("world", WORLD[language], False)):
                got = {question: offered(service, question) for question in questions}
                wrong = [question for question, is_offered in got.items() if is_offered != wanted]
                print(json.dumps({"language": language, "kind": kind, "questions": len(got), "offered": sum(got.values()), "wrong": wrong},
                                 ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
