// core.h and Asio, for the modules whose handlers are coroutines.
#pragma once

#include "core.h"

#include <boost/asio.hpp>
