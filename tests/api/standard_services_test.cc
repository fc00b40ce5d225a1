// Health and reflection, as standard tools call them: by name and with their wire bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "grpcpp/generic/generic_stub.h"
#include "tests/api/api_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

class StandardServicesTest : public ApiTest {
 protected:
  // One request and the first reply, as bytes.
  std::string Call(const std::string& method, const std::string& request) {
    grpc::GenericStub generic(channel);
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const auto next = [&] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = generic.PrepareCall(&context, method, &queue);
    call->StartCall(nullptr);
    EXPECT_TRUE(next());
    const grpc::Slice slice(request);
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    EXPECT_TRUE(next());
    grpc::ByteBuffer reply;
    call->Read(&reply, nullptr);
    EXPECT_TRUE(next());
    grpc::Status status;
    call->Finish(&status, nullptr);
    EXPECT_TRUE(next());
    EXPECT_TRUE(status.ok()) << status.error_message();
    grpc::Slice whole;
    EXPECT_TRUE(reply.TrySingleSlice(&whole).ok() || reply.DumpToSingleSlice(&whole).ok());
    return std::string(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  // HealthCheckRequest{service} -> HealthCheckResponse{status}
  std::string Health() {
    const std::string service = "decentd.client.v1.Council";
    return Call("/grpc.health.v1.Health/Check",
                "\x0a" + std::string(1, static_cast<char>(service.size())) + service);
  }
};

TEST_F(StandardServicesTest, HealthSaysWhetherTheNodeVotes) {
  Serve();
  EXPECT_EQ(Health(), std::string("\x08\x02")) << "NOT_SERVING";
  council.voting.Set(true);
  EXPECT_EQ(Health(), std::string("\x08\x01")) << "SERVING";
  council.voting.Set(false);
  EXPECT_EQ(Health(), std::string("\x08\x02")) << "NOT_SERVING";
}

TEST_F(StandardServicesTest, ReflectionListsTheService) {
  Serve();
  EXPECT_THAT(Call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                   "\x3a\x01*"),  // list_services: "*"
              HasSubstr("decentd.client.v1.Council"));
}

}  // namespace
}  // namespace decentd
