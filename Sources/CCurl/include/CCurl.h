// libcurl with typed wrappers of its variadic functions.
#ifndef SKEP_CCURL_H
#define SKEP_CCURL_H

#include <curl/curl.h>

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count);
CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count);
CURLcode ccurl_set_write(CURL *easy, size_t (*function)(char *, size_t, size_t, void *), void *context);
CURLcode ccurl_set_header(CURL *easy, size_t (*function)(char *, size_t, size_t, void *), void *context);
CURLcode ccurl_get_long(CURL *easy, CURLINFO info, long *value);
CURLcode ccurl_get_string(CURL *easy, CURLINFO info, const char **value);
CURLcode ccurl_get_offset(CURL *easy, CURLINFO info, curl_off_t *value);
void *ccurl_get_private(CURL *easy);
/// The certificate of place `index` as PEM, leaf first; NULL past the end.
const char *ccurl_get_certificate(CURL *easy, int index);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_set_socket(CURLM *multi, int (*function)(CURL *, curl_socket_t, int, void *, void *), void *context);
CURLMcode ccurl_multi_set_timer(CURLM *multi, int (*function)(CURLM *, long, void *), void *context);
/// The next transfer that has ended, with its result; NULL when there is none.
CURL *ccurl_multi_finished(CURLM *multi, CURLcode *result);

#endif
