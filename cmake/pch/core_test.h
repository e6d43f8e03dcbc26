// core.h and GoogleTest.
#pragma once

#include "core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
