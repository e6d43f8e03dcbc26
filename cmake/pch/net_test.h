// net.h and GoogleTest.
#pragma once

#include "net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
