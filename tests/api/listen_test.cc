// Where the server listens, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "node/api/listen_address.h"
#include "tests/api/api_fixture.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

TEST(ListenAddress, ParsesHostsAndPortsAndNothingElse) {
  EXPECT_EQ(ListenAddress::Parse("127.0.0.1:7100")->ToString(), "127.0.0.1:7100");
  EXPECT_EQ(ListenAddress::Parse("[::1]:0")->ToString(), "[::1]:0");
  EXPECT_EQ(ListenAddress::Parse("node1.example:65535")->port, 65535);
  for (const char* bad : {"", ":", ":7100", "localhost", "localhost:", "localhost:65536", "a:-1",
                          "a: 1", "::1:7100", "[]:7100", "[::1]7100", "a:1x"}) {
    EXPECT_FALSE(ListenAddress::Parse(bad).ok()) << bad;
  }
}

TEST(ListenAddress, OnlyThisMachinesOwnAddressesAreLoopback) {
  for (const char* own : {"127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1"}) {
    EXPECT_TRUE(ListenAddress::Parse(own)->IsLoopback()) << own;
  }
  for (const char* exposed : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "128.0.0.1:1", "example:1"}) {
    EXPECT_FALSE(ListenAddress::Parse(exposed)->IsLoopback()) << exposed;
  }
}

class ListenTest : public ApiTest {
 protected:
  void SetUp() override {
    char name[] = "/tmp/decentd_listen_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  absl::StatusOr<std::unique_ptr<ClientServer>> Try(const ClientServerOptions& options) {
    return ClientServer::Start(options, council, CheckWith(verifier), [] { return std::vector<PeerInfo>(); });
  }
  // A key and a certificate for "localhost" that it signed itself.
  void WriteCertificate(const std::string& name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_set_pubkey(x509, key);
    X509_sign(x509, key, EVP_sha256());
    FILE* file = fopen((directory_ + "/" + name + ".crt").c_str(), "w");
    PEM_write_X509(file, x509);
    fclose(file);
    file = fopen((directory_ + "/" + name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    fclose(file);
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  std::string directory_;
};

TEST_F(ListenTest, AnExposedAddressWithoutTlsIsRefused) {
  ClientServerOptions options;
  options.listen = "0.0.0.0:0";
  const auto server = Try(options);
  EXPECT_EQ(server.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("without TLS"));
  options.insecure = true;
  EXPECT_TRUE(Try(options).ok()) << "but the operator may insist";
}

TEST_F(ListenTest, ATakenPortIsNamed) {
  Serve();
  ClientServerOptions options;
  options.listen = server_->address();
  const auto second = Try(options);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(server_->address() + ": Address already in use"));
}

TEST_F(ListenTest, TlsServesAClientThatKnowsTheCertificate) {
  WriteCertificate("server");
  ClientServerOptions options;
  options.listen = "0.0.0.0:0";
  options.tls_certificate_file = directory_ + "/server.crt";
  options.tls_key_file = directory_ + "/server.key";
  auto server = Try(options);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_TRUE((*server)->uses_tls());

  std::ifstream in(options.tls_certificate_file);
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs.assign(std::istreambuf_iterator<char>(in), {});
  const std::string target = "127.0.0.1:" + std::to_string((*server)->port());
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");  // no name service needed
  const auto call = [&](const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    const auto secure =
        client::v1::Council::NewStub(grpc::CreateCustomChannel(target, credentials, arguments));
    grpc::ClientContext context;
    client::v1::NodeStatus status;
    return secure->GetStatus(&context, {}, &status).ok();
  };
  EXPECT_TRUE(call(grpc::SslCredentials(ssl)));
  EXPECT_FALSE(call(grpc::InsecureChannelCredentials()));
}

TEST_F(ListenTest, BadTlsFilesAreNamed) {
  WriteCertificate("one");
  WriteCertificate("two");
  std::ofstream(directory_ + "/text") << "not PEM";
  const auto refusal = [&](const std::string& certificate, const std::string& key) {
    ClientServerOptions options;
    if (!certificate.empty()) options.tls_certificate_file = directory_ + "/" + certificate;
    if (!key.empty()) options.tls_key_file = directory_ + "/" + key;
    return std::string(Try(options).status().message());
  };
  EXPECT_THAT(refusal("one.crt", ""), HasSubstr("both"));
  EXPECT_THAT(refusal("missing", "one.key"), HasSubstr("/missing: No such file"));
  EXPECT_THAT(refusal("text", "one.key"), HasSubstr("/text holds no certificate"));
  EXPECT_THAT(refusal("one.crt", "text"), HasSubstr("/text holds no usable private key"));
  EXPECT_THAT(refusal("one.crt", "two.key"), HasSubstr("does not belong"));
}

}  // namespace
}  // namespace decentd
