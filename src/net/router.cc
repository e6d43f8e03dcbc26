#include "net/router.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "net/error_body.h"
#include "net/request.h"
#include "net/response.h"
#include "net/url.h"

namespace seine::net {
namespace {

// A trie by segment. std::map keeps lookups by string_view free of copies.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> one;         // {name}
  std::unique_ptr<Node> rest;        // {name...}
  std::vector<const Route*> routes;  // by method
};

std::string_view parameter_name(std::string_view segment) {
  segment = segment.substr(1, segment.size() - 2);
  if (segment.ends_with("...")) segment.remove_suffix(3);
  return segment;
}

const Route* of_method(const Node& node, std::string_view method) {
  for (const Route* route : node.routes) {
    if (route->method == method) return route;
  }
  return nullptr;
}

// The values of the path's parameters, as written, in the order of the pattern.
using Values = std::vector<std::string_view>;

// The best node for the path with a route for `method`; `known` collects nodes that match but for
// the method. Depth is bounded by the patterns', not by the path's.
const Node* find(const Node& node, std::string_view path, bool at_end, std::string_view method,
                 Values& values, std::vector<const Node*>& known) {
  if (at_end) {
    if (node.routes.empty()) return nullptr;
    known.push_back(&node);
    return of_method(node, method) != nullptr ? &node : nullptr;
  }
  const std::size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  const bool last = slash == std::string_view::npos;
  const std::string_view after = last ? std::string_view() : path.substr(slash + 1);
  if (const auto literal = node.literals.find(segment); literal != node.literals.end()) {
    if (const Node* hit = find(*literal->second, after, last, method, values, known)) return hit;
  }
  if (node.one && !segment.empty()) {
    values.push_back(segment);
    if (const Node* hit = find(*node.one, after, last, method, values, known)) return hit;
    values.pop_back();
  }
  if (node.rest) {
    values.push_back(path);
    if (const Node* hit = find(*node.rest, {}, true, method, values, known)) return hit;
    values.pop_back();
  }
  return nullptr;
}

void send_not_found(Request& request, Response& response) {
  response.send_error(
      {base::Code::kNotFound, "nothing is served at " + std::string(request.path())});
}

}  // namespace

struct Router::Impl {
  Node root;
  std::vector<std::unique_ptr<Route>> routes;
  Guard guard;
  Handler fallback;

  asio::awaitable<void> dispatch(const Route* route, const Values& values, Request& request,
                                 Response& response) const;
};

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string method, std::string pattern, Handler handler, RouteInfo info) {
  SEINE_ASSERT(pattern.starts_with('/'), "a route's pattern starts with '/'");
  Node* node = &impl_->root;
  const std::vector<std::string_view> segments =
      base::split(std::string_view(pattern).substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = segments[i];
    if (!segment.starts_with('{')) {
      SEINE_ASSERT(segment.find_first_of("{}%?#") == std::string_view::npos,
                   "a literal segment holds no braces, escapes or '?'");
      std::unique_ptr<Node>& child = node->literals[std::string(segment)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
      continue;
    }
    SEINE_ASSERT(segment.ends_with('}') && !parameter_name(segment).empty(),
                 "a parameter is {name} or {name...}");
    const bool rest = segment.ends_with("...}");
    SEINE_ASSERT(!rest || i + 1 == segments.size(), "{name...} is the last segment");
    std::unique_ptr<Node>& child = rest ? node->rest : node->one;
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  SEINE_ASSERT(of_method(*node, method) == nullptr, "a route is added once");
  impl_->routes.push_back(std::make_unique<Route>(
      Route{std::move(method), std::move(pattern), std::move(info), std::move(handler)}));
  node->routes.push_back(impl_->routes.back().get());
}

void Router::set_guard(Guard guard) {
  impl_->guard = std::move(guard);
}
void Router::set_fallback(Handler handler) {
  impl_->fallback = std::move(handler);
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> list;
  for (const std::unique_ptr<Route>& route : impl_->routes) list.push_back(route.get());
  return list;
}

asio::awaitable<void> Router::Impl::dispatch(const Route* route, const Values& values,
                                             Request& request, Response& response) const {
  std::vector<std::pair<std::string_view, std::string>> params;
  std::size_t next = 0;
  for (const std::string_view segment :
       base::split(std::string_view(route->pattern).substr(1), '/')) {
    if (!segment.starts_with('{')) continue;
    std::optional<std::string> value = percent_decode(values[next++]);
    if (!value || value->find('\0') != std::string::npos) {
      response.send_error({base::Code::kInvalidArgument, "ill-formed escape in the path",
                           std::string(parameter_name(segment))});
      co_return;
    }
    params.emplace_back(parameter_name(segment), std::move(*value));
  }
  request.set_route(route, std::move(params));
  if (route->info.body_bytes_max) request.set_body_limit(*route->info.body_bytes_max);
  if (guard && !co_await guard(request, response, *route)) co_return;
  co_await route->handler(request, response);
}

asio::awaitable<void> Router::handle(Request& request, Response& response) const {
  std::string_view path = request.path();
  Values values;
  std::vector<const Node*> known;
  if (path.starts_with('/')) {
    path.remove_prefix(1);
    const Node* node = find(impl_->root, path, false, request.method(), values, known);
    std::string_view method = request.method();
    if (node == nullptr && method == "HEAD") {
      method = "GET";
      node = find(impl_->root, path, false, method, values, known);
    }
    if (node != nullptr) {
      co_await impl_->dispatch(of_method(*node, method), values, request, response);
      co_return;
    }
  }
  if (!known.empty()) {
    std::vector<std::string> methods{"OPTIONS"};
    for (const Node* node : known) {
      for (const Route* route : node->routes) {
        methods.push_back(route->method);
        if (route->method == "GET") methods.emplace_back("HEAD");
      }
    }
    std::ranges::sort(methods);
    methods.erase(std::ranges::unique(methods).begin(), methods.end());
    response.add_header("allow", base::join(methods, ", "));
    if (request.method() == "OPTIONS") {
      response.send(204, Headers{}, {});
    } else {
      response.send_json(405, error_body({base::Code::kUnimplemented,
                                          std::string(request.method()) + " is not served at " +
                                              std::string(request.path())},
                                         request.id()));
    }
    co_return;
  }
  if (impl_->fallback) {
    co_await impl_->fallback(request, response);
  } else {
    send_not_found(request, response);
  }
}

Handler Router::handler() const {
  return [this](Request& request, Response& response) { return handle(request, response); };
}

}  // namespace seine::net
