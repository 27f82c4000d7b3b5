// OpenSSL 3 with functions for its macros and typed stacks.
#ifndef SKEP_COPENSSL_H
#define SKEP_COPENSSL_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/// A writable memory BIO's bytes; they live as long as it.
long cossl_bio_bytes(BIO *bio, const unsigned char **bytes);
EVP_PKEY *cossl_generate_p256(void);
/// 1 when the key is an elliptic one on P-256.
int cossl_is_p256(EVP_PKEY *key);
long cossl_next_error(char *text, size_t count);

STACK_OF(X509) *cossl_certificates_new(void);
/// Takes a reference of its own.
int cossl_certificates_push(STACK_OF(X509) *stack, X509 *certificate);
void cossl_certificates_free(STACK_OF(X509) *stack);

/// Subject alternative names: `type` is GEN_URI or GEN_DNS; NULL past the end.
GENERAL_NAMES *cossl_names(const X509 *certificate);
int cossl_names_count(const GENERAL_NAMES *names);
/// The bytes of name `index` when it is of `type`, else NULL.
const unsigned char *cossl_names_text(const GENERAL_NAMES *names, int index, int type, int *length);
GENERAL_NAMES *cossl_names_new(void);
void cossl_names_free(GENERAL_NAMES *names);
int cossl_names_add_text(GENERAL_NAMES *names, int type, const char *text, int length);
int cossl_names_add_address(GENERAL_NAMES *names, const char *address);
int cossl_names_to_certificate(GENERAL_NAMES *names, X509 *certificate);
int cossl_names_to_request(GENERAL_NAMES *names, X509_REQ *request);

/// Basic constraints (not an authority), key usage and server authentication, for a server's certificate that signs itself.
int cossl_add_server_extensions(X509 *certificate);
/// An ASN.1 time as seconds since 1970; 1 on success.
int cossl_time(const ASN1_TIME *time, int64_t *seconds);
/// Chain check with no purpose asked for; X509_V_OK or the error, and its depth.
int cossl_verify(X509 *leaf, STACK_OF(X509) *intermediates, STACK_OF(X509) *roots, int64_t at, int *depth);

CMS_ContentInfo *cossl_seal(const unsigned char *bytes, int count, X509 *recipient);
int cossl_write_cms(BIO *bio, CMS_ContentInfo *message);
CMS_ContentInfo *cossl_read_cms(BIO *bio);

#endif
