// The checks behind `seine doctor` and the status page: each looks at one thing and says, in both
// languages, whether it is well and which command mends it. They block on the disk at most; none
// changes anything.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "gateway/status.h"
#include "server/remote_models.h"
#include "server/service.h"
#include "store/data_dir.h"

namespace seine::server {

gateway::Check check_data_directory(const store::DataDir& directory);
gateway::Check check_console();
gateway::Check check_memory();
gateway::Check check_cpu();
// Whether pages that need scripts can be rendered: a browser, and the user namespaces that its
// sandbox is made of.
gateway::Check check_browser();
gateway::Check check_open_files(std::size_t connections_max);
// Whether the service can be reached from other machines in the clear, or without a session.
gateway::Check check_exposure(const ServiceSettings& settings);
// Integrity and foreign keys of the database file; ok when there is none yet.
gateway::Check check_store(const store::DataDir& directory);
gateway::Check check_tls(const ServiceSettings& settings);
// Whether each address could be bound now, or the service that runs on this data directory holds
// it.
gateway::Check check_ports(const ServiceSettings& settings, bool running);
// Whether the service that runs models elsewhere is reached and takes its key; nothing where none
// is set. The one check that asks the network.
std::optional<gateway::Check> check_remote(const base::Result<RemoteModelSettings>& settings,
                                           const base::Clock& clock);
// A clock that is years off breaks TLS, expiry and freshness.
gateway::Check check_clock(base::WallTime now);

}  // namespace seine::server
