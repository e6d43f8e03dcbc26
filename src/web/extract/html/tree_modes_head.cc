#include <array>

#include "base/text.h"
#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

// Public identifiers of section 13.2.6.4.1.
constexpr auto kQuirksPrefixes = std::to_array<std::string_view>({
    "+//silmaril//dtd html pro v0r11 19970101//",
    "-//as//dtd html 3.0 aswedit + extensions//",
    "-//advasoft ltd//dtd html 3.0 aswedit + extensions//",
    "-//ietf//dtd html 2.0 level 1//",
    "-//ietf//dtd html 2.0 level 2//",
    "-//ietf//dtd html 2.0 strict level 1//",
    "-//ietf//dtd html 2.0 strict level 2//",
    "-//ietf//dtd html 2.0 strict//",
    "-//ietf//dtd html 2.0//",
    "-//ietf//dtd html 2.1e//",
    "-//ietf//dtd html 3.0//",
    "-//ietf//dtd html 3.2 final//",
    "-//ietf//dtd html 3.2//",
    "-//ietf//dtd html 3//",
    "-//ietf//dtd html level 0//",
    "-//ietf//dtd html level 1//",
    "-//ietf//dtd html level 2//",
    "-//ietf//dtd html level 3//",
    "-//ietf//dtd html strict level 0//",
    "-//ietf//dtd html strict level 1//",
    "-//ietf//dtd html strict level 2//",
    "-//ietf//dtd html strict level 3//",
    "-//ietf//dtd html strict//",
    "-//ietf//dtd html//",
    "-//metrius//dtd metrius presentational//",
    "-//microsoft//dtd internet explorer 2.0 html strict//",
    "-//microsoft//dtd internet explorer 2.0 html//",
    "-//microsoft//dtd internet explorer 2.0 tables//",
    "-//microsoft//dtd internet explorer 3.0 html strict//",
    "-//microsoft//dtd internet explorer 3.0 html//",
    "-//microsoft//dtd internet explorer 3.0 tables//",
    "-//netscape comm. corp.//dtd html//",
    "-//netscape comm. corp.//dtd strict html//",
    "-//o'reilly and associates//dtd html 2.0//",
    "-//o'reilly and associates//dtd html extended 1.0//",
    "-//o'reilly and associates//dtd html extended relaxed 1.0//",
    "-//sq//dtd html 2.0 hotmetal + extensions//",
    "-//softquad software//dtd hotmetal pro 6.0::19990601::extensions to html 4.0//",
    "-//softquad//dtd hotmetal pro 4.0::19971010::extensions to html 4.0//",
    "-//spyglass//dtd html 2.0 extended//",
    "-//sun microsystems corp.//dtd hotjava html//",
    "-//sun microsystems corp.//dtd hotjava strict html//",
    "-//w3c//dtd html 3 1995-03-24//",
    "-//w3c//dtd html 3.2 draft//",
    "-//w3c//dtd html 3.2 final//",
    "-//w3c//dtd html 3.2//",
    "-//w3c//dtd html 3.2s draft//",
    "-//w3c//dtd html 4.0 frameset//",
    "-//w3c//dtd html 4.0 transitional//",
    "-//w3c//dtd html experimental 19960712//",
    "-//w3c//dtd html experimental 970421//",
    "-//w3c//dtd w3 html//",
    "-//w3o//dtd w3 html 3.0//",
    "-//webtechs//dtd mozilla html 2.0//",
    "-//webtechs//dtd mozilla html//",
});

QuirksMode quirks_of(const Token& doctype) {
  const std::string public_id = base::ascii_lower(doctype.public_id.value_or(""));
  const std::string system_id = base::ascii_lower(doctype.system_id.value_or(""));
  if (doctype.force_quirks || doctype.name != "html" ||
      public_id == "-//w3o//dtd w3 html strict 3.0//en//" ||
      public_id == "-/w3c/dtd html 4.0 transitional/en" || public_id == "html" ||
      system_id == "http://www.ibm.com/data/dtd/v11/ibmxhtml1-transitional.dtd") {
    return QuirksMode::kQuirks;
  }
  for (const std::string_view prefix : kQuirksPrefixes) {
    if (public_id.starts_with(prefix)) return QuirksMode::kQuirks;
  }
  const bool html401 = public_id.starts_with("-//w3c//dtd html 4.01 frameset//") ||
                       public_id.starts_with("-//w3c//dtd html 4.01 transitional//");
  if (html401 && !doctype.system_id) return QuirksMode::kQuirks;
  if (html401 || public_id.starts_with("-//w3c//dtd xhtml 1.0 frameset//") ||
      public_id.starts_with("-//w3c//dtd xhtml 1.0 transitional//")) {
    return QuirksMode::kLimitedQuirks;
  }
  return QuirksMode::kNoQuirks;
}

constexpr TagSet kHeadBodyHtmlBr = {Tag::kHead, Tag::kBody, Tag::kHtml, Tag::kBr};

}  // namespace

void TreeBuilder::initial(Token& token) {
  if (is_space_run(token)) return;
  if (token.type == TokenType::kComment) return insert_comment(token, document_.root);
  if (token.type == TokenType::kDoctype) {
    Node* node = new_node(NodeType::kDoctype, token.offset);
    node->name = token.name;
    node->text = token.public_id.value_or("");
    node->system_id = token.system_id.value_or("");
    append_child(document_.root, node);
    document_.quirks = quirks_of(token);
    mode_ = Mode::kBeforeHtml;
    return;
  }
  document_.quirks = QuirksMode::kQuirks;
  mode_ = Mode::kBeforeHtml;
  process(mode_, token);
}

void TreeBuilder::before_html(Token& token) {
  if (token.type == TokenType::kDoctype || is_space_run(token)) return;
  if (token.type == TokenType::kComment) return insert_comment(token, document_.root);
  if (token.type == TokenType::kEndTag && !kHeadBodyHtmlBr.has(token.tag)) return;
  const bool html = token.type == TokenType::kStartTag && token.tag == Tag::kHtml;
  Token implied;
  implied.type = TokenType::kStartTag;
  implied.tag = Tag::kHtml;
  implied.name = tag_name(Tag::kHtml);
  implied.offset = kNoOffset;
  Node* node = create_element(html ? token : implied, Namespace::kHtml);
  append_child(document_.root, node);
  push(node);
  mode_ = Mode::kBeforeHead;
  if (!html) process(mode_, token);
}

void TreeBuilder::before_head(Token& token) {
  if (token.type == TokenType::kDoctype || is_space_run(token)) return;
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kStartTag && token.tag == Tag::kHtml) return in_body(token);
  if (token.type == TokenType::kEndTag && !kHeadBodyHtmlBr.has(token.tag)) return;
  const bool head = token.type == TokenType::kStartTag && token.tag == Tag::kHead;
  head_ = head ? insert_element(token) : insert_implied(Tag::kHead);
  mode_ = Mode::kInHead;
  if (!head) process(mode_, token);
}

void TreeBuilder::in_head(Token& token) {
  if (is_space_run(token)) return insert_text(token.text, token.offset);
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kDoctype) return;
  if (token.type == TokenType::kStartTag) {
    switch (token.tag) {
      case Tag::kHtml:
        return in_body(token);
      case Tag::kBase:
      case Tag::kBasefont:
      case Tag::kBgsound:
      case Tag::kLink:
      case Tag::kMeta:
        return insert_void(token);
      case Tag::kTitle:
        return start_text(token, TextMode::kRcdata);
      case Tag::kNoframes:
      case Tag::kStyle:
        return start_text(token, TextMode::kRawtext);
      case Tag::kNoscript:
        insert_element(token);
        mode_ = Mode::kInHeadNoscript;
        return;
      case Tag::kScript:
        return start_text(token, TextMode::kScript);
      case Tag::kTemplate:
        insert_element(token);
        push_marker();
        frameset_ok_ = false;
        mode_ = Mode::kInTemplate;
        template_modes_.push_back(Mode::kInTemplate);
        return;
      case Tag::kHead:
        return;
      default:
        break;
    }
  }
  if (token.type == TokenType::kEndTag) {
    if (token.tag == Tag::kHead) {
      pop();
      mode_ = Mode::kAfterHead;
      return;
    }
    if (token.tag == Tag::kTemplate) {
      if (!has_open(Tag::kTemplate)) return;
      generate_implied_end_tags_thoroughly();
      pop_until(Tag::kTemplate);
      clear_to_marker();
      template_modes_.pop_back();
      reset_insertion_mode();
      return;
    }
    if (!kHeadBodyHtmlBr.has(token.tag)) return;
  }
  pop();
  mode_ = Mode::kAfterHead;
  process(mode_, token);
}

void TreeBuilder::in_head_noscript(Token& token) {
  constexpr TagSet kInNoscript = {Tag::kBasefont, Tag::kBgsound,  Tag::kLink,
                                  Tag::kMeta,     Tag::kNoframes, Tag::kStyle};
  if (token.type == TokenType::kDoctype) return;
  if (is_space_run(token) || token.type == TokenType::kComment) return in_head(token);
  if (token.type == TokenType::kStartTag) {
    if (token.tag == Tag::kHtml) return in_body(token);
    if (kInNoscript.has(token.tag)) return in_head(token);
    if (token.tag == Tag::kHead || token.tag == Tag::kNoscript) return;
  }
  if (token.type == TokenType::kEndTag) {
    if (token.tag == Tag::kNoscript) {
      pop();
      mode_ = Mode::kInHead;
      return;
    }
    if (token.tag != Tag::kBr) return;
  }
  pop();
  mode_ = Mode::kInHead;
  process(mode_, token);
}

void TreeBuilder::after_head(Token& token) {
  if (is_space_run(token)) return insert_text(token.text, token.offset);
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kDoctype) return;
  if (token.type == TokenType::kStartTag) {
    if (token.tag == Tag::kHtml) return in_body(token);
    if (token.tag == Tag::kBody) {
      insert_element(token);
      frameset_ok_ = false;
      mode_ = Mode::kInBody;
      return;
    }
    if (token.tag == Tag::kFrameset) {
      insert_element(token);
      mode_ = Mode::kInFrameset;
      return;
    }
    if (kHeadOnes.has(token.tag)) {
      push(head_);
      in_head(token);
      remove_from_stack(head_);
      return;
    }
    if (token.tag == Tag::kHead) return;
  }
  if (token.type == TokenType::kEndTag) {
    if (token.tag == Tag::kTemplate) return in_head(token);
    if (token.tag != Tag::kBody && token.tag != Tag::kHtml && token.tag != Tag::kBr) return;
  }
  insert_implied(Tag::kBody);
  mode_ = Mode::kInBody;
  process(mode_, token);
}

}  // namespace seine::web::html
